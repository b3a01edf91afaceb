/** The reference in a notebook's output to the group that it shows. */

import type { MimeModel } from "@jupyterlab/rendermime";

export const MIME_TYPE = "application/vnd.jobgroup+json";

/** The document that `_repr_mimebundle_` in `src/jobgroup/dashboard/widget.py` writes. */
export interface Reference {
  version: number;
  name: string;
  uuid: string;
  session: string;
  model_id: string;
  /** The version of the group that the saved table shows. */
  saved: number;
}

export const referenceIn = (model: MimeModel): Reference =>
  model.data[MIME_TYPE] as unknown as Reference;
