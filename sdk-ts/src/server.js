/** Requests to the server: bounded in time and size. */
import { PenstockError } from "./errors.js";

const LONGEST_FETCH_MS = 30_000; // of a prompt; nobody waits for it that long, see `timeoutMs`
const MAX_ANSWER_CHARS = 16 * 1024 * 1024; // of an answer; a longer one is an error

export class Server {
  #url;
  #key;
  #timeoutMs;
  #project;

  constructor(url, key, timeoutMs) {
    if (!/^https?:\/\/[^/]/.test(url)) {
      throw new PenstockError("setup", "The URL of the server is not valid.", "http://127.0.0.1:4001");
    }
    this.#url = url.replace(/\/+$/, "");
    this.#key = key;
    this.#timeoutMs = timeoutMs;
  }

  async resolve(name, version) {
    const query = new URLSearchParams({ name, version });
    const found = await this.#ask("GET", `/api/v1/prompts/resolve?${query}`, undefined, LONGEST_FETCH_MS);
    if (typeof found?.version?.content !== "object") {
      throw new PenstockError("upstream_failed", `The prompt '${name}' cannot be read.`);
    }
    return found;
  }

  async render(content, variables) {
    this.#project ??= (await this.send("GET", "/api/v1/session")).project_id;
    const path = `/api/v1/projects/${this.#project}/prompts/render`;
    return await this.send("POST", path, { content, variables });
  }

  send(method, path, body) {
    return this.#ask(method, path, body, this.#timeoutMs);
  }

  async #ask(method, path, body, limitMs) {
    try {
      const answer = await fetch(this.#url + path, {
        method,
        headers: { authorization: `Bearer ${this.#key}`, "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(limitMs),
      });
      return read(answer.status, await bounded(answer));
    } catch (error) {
      if (error instanceof PenstockError) throw error;
      const why = error?.cause?.code ?? error?.name ?? "error";
      throw new PenstockError("upstream_failed", `The Penstock server does not answer (${why}).`);
    }
  }
}

async function bounded(answer) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MAX_ANSWER_CHARS) {
      throw new PenstockError("upstream_failed", "The answer of the Penstock server is too long.");
    }
  }
  return text + decoder.decode();
}

function read(status, text) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    document = undefined;
  }
  if (status >= 200 && status < 300 && document !== undefined) return document;
  const said = document?.detail ? `: ${document.detail}` : ".";
  const code = document?.code ?? "upstream_failed";
  throw new PenstockError(code, `The Penstock server answered HTTP ${status}${said}`, document?.hint);
}
