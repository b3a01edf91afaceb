"""A token is found in the documented order, is sent only to its origin, and is never shown."""

from __future__ import annotations

import json
import subprocess
import sys
import types

import pytest

from jobgroup import credentials
from jobgroup.credentials import Credentials, default_url
from jobgroup.errors import MissingTokenError

QUANDELA = "https://api.cloud.quandela.com"
OTHER = "https://other.example"
SECRET = "canary-9d2f"


@pytest.fixture
def vault():
    """Return the credentials of a process without tokens."""
    return Credentials()


def test_given_token_applies_only_to_its_origin(vault):
    """`set_token` for one cloud and account does not apply to another cloud or account."""
    vault.set_token(SECRET, url=OTHER)
    assert vault.token_for(OTHER) == SECRET
    for origin, label in [(QUANDELA, ""), (OTHER + ":444", ""), (OTHER + "/v2", ""), (OTHER, "b")]:
        with pytest.raises(MissingTokenError):
            vault.token_for(origin, label)


def test_labels_distinguish_accounts(vault):
    """Two accounts of one cloud have their own tokens."""
    vault.set_token("one", url=OTHER)
    vault.set_token("two", url=OTHER, account="b")
    assert (vault.token_for(OTHER), vault.token_for(OTHER, "b")) == ("one", "two")


@pytest.mark.parametrize("spelling", [OTHER + "/", "HTTPS://Other.Example:443", f" {OTHER} "])
def test_spellings_of_one_origin_are_one(vault, spelling):
    """Case, default port and trailing slash do not hide a token."""
    vault.set_token(SECRET, url=spelling)
    assert vault.token_for(OTHER) == SECRET


def test_the_token_is_cleaned(vault):
    """A line break from copying is not part of the token."""
    vault.set_token(f"  {SECRET}\r\n", url=OTHER)
    assert vault.token_for(OTHER) == SECRET


@pytest.mark.parametrize("bad", ["", "  \n", f"{SECRET} {SECRET}", f"{SECRET}é", f"{SECRET}\x00x"])
def test_invalid_token_is_refused_without_being_shown(vault, bad):
    """An invalid token raises without being shown, and the previous token stays."""
    vault.set_token("before", url=OTHER)
    with pytest.raises(ValueError, match="token") as caught:
        vault.set_token(bad, url=OTHER)
    assert SECRET not in str(caught.value)
    assert vault.token_for(OTHER) == "before"


def test_token_of_another_type_is_a_type_error(vault):
    """A wrong type raises TypeError."""
    for token, url, account in [
        (None, OTHER, ""),
        (b"x", OTHER, ""),
        ("x", 3, ""),
        ("x", OTHER, 1),
    ]:
        with pytest.raises(TypeError):
            vault.set_token(token, url=url, account=account)


@pytest.mark.parametrize(
    "url",
    ["other.example", "ftp://other.example", "https://", "https://u:p@h", "https://h?x=1", ""],
)
def test_invalid_url_is_a_value_error(vault, url):
    """A URL that cannot be a cloud's is rejected."""
    with pytest.raises(ValueError, match="URL"):
        vault.set_token("x", url=url)


def test_no_token_for_plain_http_beyond_loopback(vault, monkeypatch):
    """No token is accepted for, or sent to, plain http on another machine."""
    monkeypatch.setenv("JOBGROUP_URL", "http://other.example")
    monkeypatch.setenv("JOBGROUP_TOKEN", SECRET)
    with pytest.raises(ValueError, match="plain http"):
        vault.set_token(SECRET, url="http://other.example")
    vault.remember("http://other.example", "", SECRET)
    with pytest.raises(MissingTokenError, match="plain http"):
        vault.token_for("http://other.example")
    vault.set_token(SECRET, url="http://127.0.0.1:8000")
    assert vault.token_for("http://127.0.0.1:8000") == SECRET


def test_token_of_the_environment_applies_only_to_its_url(vault, monkeypatch):
    """JOBGROUP_TOKEN goes to JOBGROUP_URL, which is Quandela Cloud unless it is set."""
    monkeypatch.setenv("JOBGROUP_TOKEN", SECRET)
    assert vault.token_for(QUANDELA) == SECRET
    with pytest.raises(MissingTokenError):
        vault.token_for(OTHER)
    monkeypatch.setenv("JOBGROUP_URL", OTHER)
    assert vault.token_for(OTHER) == SECRET
    assert default_url() == OTHER
    for origin, label in [(QUANDELA, ""), (OTHER, "b")]:
        with pytest.raises(MissingTokenError):
            vault.token_for(origin, label)


def test_percevals_saved_configuration_applies_only_to_its_url(tmp_path):
    """Perceval's file and variable are read without importing Perceval, and apply to their URL."""
    script = (
        "import sys, jobgroup.credentials as c\n"
        "def ask(o):\n"
        "    try: return c.token_for(o)\n"
        "    except c.MissingTokenError: return None\n"
        f"print(ask({QUANDELA!r}), ask({OTHER!r}), 'perceval' in sys.modules)"
    )

    def run(config, **env):
        (tmp_path / "config.json").write_text(json.dumps(config))
        child = {"PCVL_PERSISTENT_PATH": str(tmp_path), "PYTHONPATH": ":".join(sys.path), **env}
        out = subprocess.run(
            [sys.executable, "-c", script], env=child, check=True, capture_output=True, text=True
        )
        assert out.stderr == ""
        return out.stdout.split()

    assert run({}) == ["None", "None", "False"]
    assert run({"remote": {"token": "saved"}}) == ["saved", "None", "False"]
    assert run({"remote": {"token": "saved", "url": OTHER}}) == ["None", "saved", "False"]
    assert run({}, PCVL_CLOUD_TOKEN="env") == ["env", "None", "False"]
    assert run({"remote": {"url": OTHER}}, PCVL_CLOUD_TOKEN="env") == ["None", "env", "False"]
    assert run({"remote": [1]}) == ["None", "None", "False"]
    (tmp_path / "token").write_text("of-0.12\n")
    assert run({}) == ["of-0.12", "None", "False"]
    assert run({"remote": {"token": "saved"}}) == ["saved", "None", "False"]
    assert run({"remote": {"url": OTHER}}) == ["None", "None", "False"]


def test_a_token_set_in_perceval_is_found_while_it_is_imported(vault):
    """`RemoteConfig.set_token` without a save is enough in the same process."""
    import perceval

    perceval.RemoteConfig.clear_cache()
    try:
        perceval.RemoteConfig.set_token(SECRET)
        perceval.RemoteConfig.set_url(OTHER)
        assert vault.token_for(OTHER) == SECRET
        with pytest.raises(MissingTokenError):
            vault.token_for(QUANDELA)
    finally:
        perceval.RemoteConfig.clear_cache()


def test_perceval_without_urls_is_for_quandela_cloud(vault, monkeypatch):
    """The RemoteConfig of 0.13 and 1.0 has tokens, but no `get_url`."""
    config = types.SimpleNamespace(get_token=lambda: SECRET)
    monkeypatch.setitem(sys.modules, "perceval", types.SimpleNamespace(RemoteConfig=lambda: config))
    assert vault.token_for(QUANDELA) == SECRET
    with pytest.raises(MissingTokenError):
        vault.token_for(OTHER)


def test_given_tokens_precede_found_ones(vault, monkeypatch):
    """Code precedes jobs, and jobs precede the environment."""
    monkeypatch.setenv("JOBGROUP_TOKEN", "environment")
    assert vault.token_for(QUANDELA) == "environment"
    vault.remember(QUANDELA + "/", "", "of-a-job")
    assert vault.token_for(QUANDELA) == "of-a-job"
    vault.set_token("given")
    vault.remember(QUANDELA, "", "of-an-old-job")
    assert vault.token_for(QUANDELA) == "given"


def test_tokens_are_looked_up_in_order(monkeypatch, tmp_path):
    """Each source of tokens is used if those before it have none.

    The order is JOBGROUP_TOKEN, PCVL_CLOUD_TOKEN, Perceval's saved configuration, the keyring.
    """
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"remote": {"token": "saved"}}))
    keyring = types.SimpleNamespace(get_password=lambda service, user: "keyring")
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "perceval", None)  # imported, it reads its configuration
    monkeypatch.setenv("PCVL_PERSISTENT_PATH", str(tmp_path))
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "perceval")
    monkeypatch.setenv("JOBGROUP_TOKEN", "jobgroup")
    found = [Credentials().token_for(QUANDELA)]
    for name in ("JOBGROUP_TOKEN", "PCVL_CLOUD_TOKEN"):
        monkeypatch.delenv(name)
        found.append(Credentials().token_for(QUANDELA))
    config.unlink()
    found.append(Credentials().token_for(QUANDELA))
    assert found == ["jobgroup", "perceval", "saved", "keyring"]


@pytest.mark.parametrize("token", [None, "", {}, 3])
def test_a_job_without_a_token_changes_nothing(vault, token):
    """A job may have no token."""
    vault.remember(OTHER, "", token)
    with pytest.raises(MissingTokenError):
        vault.token_for(OTHER)


def test_keyring_is_read_once_and_its_errors_mean_no_token(vault, monkeypatch):
    """The keyring has the account's token, and a locked or missing one means no token."""
    asked = []

    def get_password(service, user):
        asked.append((service, user))
        if "b@" in user:
            raise RuntimeError(SECRET)
        return SECRET

    keyring = types.SimpleNamespace(get_password=get_password)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert [vault.token_for(OTHER), vault.token_for(OTHER)] == [SECRET, SECRET]
    with pytest.raises(MissingTokenError):
        vault.token_for(OTHER, "b")
    assert asked == [("jobgroup", OTHER), ("jobgroup", f"b@{OTHER}")]


def test_the_error_says_what_to_do(vault):
    """The error says how to set a token for this cloud and account."""
    with pytest.raises(
        MissingTokenError,
        match=r"example\. Call jobgroup\.set_token\(token, url='https://other\.example'\)",
    ):
        vault.token_for(OTHER)
    with pytest.raises(MissingTokenError, match="account='b'"):
        vault.token_for(OTHER, "b")
    with pytest.raises(MissingTokenError, match="URL"):
        vault.token_for("nonsense")


def test_listeners_learn_of_new_tokens(vault):
    """Each new token is reported until the listener is removed."""
    heard = []

    def fails(origin, label):
        raise RuntimeError

    vault.on_change(fails)
    end = vault.on_change(lambda origin, label: heard.append((origin, label)))
    vault.set_token("a", url=OTHER + "/", account="b")
    vault.remember(OTHER, "", "c")
    vault.remember(OTHER, "", "c")
    end()
    end()
    vault.set_token("d", url=OTHER)
    assert heard == [(OTHER, "b"), (OTHER, "")]


def test_only_given_tokens_are_forgotten(vault, monkeypatch):
    """Given tokens of each account are cleared, and the environment and the keyring keep theirs."""
    monkeypatch.setenv("JOBGROUP_TOKEN", "environment")
    kept = {"https://keyring.example": "before"}
    keyring = types.SimpleNamespace(get_password=lambda service, user: kept.get(user))
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert vault.token_for("https://keyring.example") == "before"
    kept["https://keyring.example"] = "changed"
    vault.set_token("set")
    vault.set_token("set", url=OTHER)
    vault.set_token("set", url=OTHER, account="b")
    vault.remember("https://jobs.example", "", "brought")
    vault.forget_tokens()
    assert vault.token_for(QUANDELA) == "environment"
    assert vault.token_for("https://keyring.example") == "changed"
    for url, account in ((OTHER, ""), (OTHER, "b"), ("https://jobs.example", "")):
        with pytest.raises(MissingTokenError):
            vault.token_for(url, account)


def test_no_repr_and_no_log_shows_a_token(vault, caplog, monkeypatch):
    """Neither the object nor its attributes print a token."""
    caplog.set_level("DEBUG")
    vault.set_token(SECRET, url=OTHER)
    vault.on_change(lambda *_: 1 / 0)
    vault.set_token(SECRET + "2", url=OTHER)
    assert SECRET not in repr(vault) + caplog.text


def test_the_module_is_one_set_of_credentials():
    """The functions that the package exports use the same tokens."""
    credentials.set_token(SECRET, url="https://module.example")
    assert credentials.token_for("https://module.example") == SECRET
