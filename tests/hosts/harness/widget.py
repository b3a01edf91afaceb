"""A simple widget for testing the harness: a button that counts."""

COUNTER = '''
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    count = traitlets.Int(0).tag(sync=True)
    _esm = """
    function render({ model, el }) {
      const button = document.createElement("button");
      button.dataset.testid = "counter";
      const show = () => { button.textContent = `count ${model.get("count")}`; };
      button.addEventListener("click", () => {
        model.set("count", model.get("count") + 1);
        model.save_changes();
        model.send({ clicked: true });
      });
      model.on("change:count", show);
      show();
      el.append(button);
    }
    export default { render };
    """

counter = Counter()
counter
'''
