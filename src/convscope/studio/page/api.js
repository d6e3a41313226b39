// What the server answers: records, arrays, streams, and problems in words.

export class Problem extends Error {
  constructor(said, status = 0) {
    super(said.text || said.problem);
    this.status = status;
    for (const key of ["problem", "place", "remedy", "kind", "notation", "start", "end"]) this[key] = said[key] ?? "";
  }
}

const watchers = new Set();

/** Told true when the server answers, false when it does not. */
export const watch = (act) => watchers.add(act);
const tell = (there) => watchers.forEach((act) => act(there));

const gone = {
  kind: "Gone",
  problem: "the studio does not answer",
  remedy: "start it again with “convscope studio”: this page goes on where it is",
};

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(`api/${path}`, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    tell(false);
    throw new Problem(gone);
  }
  tell(true);
  if (answer.ok) return answer;
  let said = { kind: "Fault", problem: `the studio answered ${answer.status}` };
  try {
    said = await answer.json();
  } catch {
    // A proxy may answer in words of its own.
  }
  throw new Problem(said, answer.status);
}

const asked = (query) => {
  const given = Object.entries(query || {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

const body = (content, signal) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(content),
  signal,
});

export const get = async (path, query = null, signal = undefined) => (await ask(path + asked(query), { signal })).json();

export const post = async (path, content, signal = undefined) => (await ask(path, body(content, signal))).json();

/** The same of what answers a text that cannot be read with its `error`: a problem like any other. */
export async function tried(path, content, signal = undefined) {
  const found = await post(path, content, signal);
  if (found.error) throw new Problem(found.error);
  return found;
}

export const text = async (path, content, signal = undefined) => (await ask(path, body(content, signal))).text();

/** { head, arrays: { name: { values, shape } } } */
export const arrays = async (path, content, signal = undefined) =>
  unpacked(await (await ask(path, body(content, signal))).arrayBuffer());

export const getArrays = async (path, query = null, signal = undefined) =>
  unpacked(await (await ask(path + asked(query), { signal })).arrayBuffer());

/** A picture, as the bytes of its file. */
export const upload = async (blob) => (await ask("images", { method: "POST", headers: { "content-type": blob.type || "application/octet-stream" }, body: blob })).json();

/** A text that is no record, such as a drawing. */
export const getText = async (path, query = null, signal = undefined) => (await ask(path + asked(query), { signal })).text();

function unpacked(content) {
  const length = new DataView(content).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  const begin = 4 + length;
  const found = {};
  for (const { name, shape, dtype, offset } of head.arrays) {
    const count = shape.reduce((size, side) => size * side, 1);
    const Kind = dtype === "uint8" ? Uint8Array : Float32Array;
    found[name] = { values: new Kind(content, begin + offset, count), shape, type: dtype };
  }
  return { head, arrays: found };
}

/** Follows an event stream: handlers by the kind of event; returns what ends it. */
export function follow(path, handlers) {
  const stream = new EventSource(`api/${path}`);
  for (const [kind, act] of Object.entries(handlers)) {
    if (kind !== "gone") stream.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  }
  stream.addEventListener("open", () => tell(true));
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) handlers.gone?.();
  });
  return () => stream.close();
}
