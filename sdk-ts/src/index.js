/**
 * Prompts and scores of a Penstock server. A cached prompt is returned at once, however old it is;
 * after `ttlMs` it is renewed in the background. Only a prompt that was never seen is waited for, at
 * most `timeoutMs`. After a failure the server is not asked for a while.
 */
import { PenstockError } from "./errors.js";
import { Prompt, fallbackPrompt } from "./prompt.js";
import { Server } from "./server.js";

export { PenstockError, Prompt };

const MAX_CACHED = 1000; // prompts of a client; the oldest is forgotten
const MAX_FETCHES = 8; // requests of a client at once; further prompts are asked for later
const SHORTEST_PAUSE_MS = 1000; // after a failure; doubled by each further one
const LONGEST_PAUSE_MS = 60_000;

export class Penstock {
  #cached = new Map();
  #fetches = 0;
  #server;
  #ttlMs;
  #timeoutMs;

  constructor(serverUrl, key, { ttlMs = 60_000, timeoutMs = 1000 } = {}) {
    this.#server = new Server(serverUrl, key, timeoutMs);
    this.#ttlMs = ttlMs;
    this.#timeoutMs = timeoutMs;
  }

  async getPrompt(name, { label = "production", version, fallback } = {}) {
    const entry = this.#entry(name, version === undefined ? label : String(version));
    if (entry.prompt === undefined && entry.fetch !== undefined) {
      await within(entry.fetch, this.#timeoutMs);
    }
    if (entry.prompt !== undefined) return entry.prompt;
    if (fallback !== undefined) return fallbackPrompt(name, fallback);
    const error = entry.error;
    const code = error?.code ?? "upstream_timeout";
    const said = error?.message ?? `The Penstock server did not send the prompt '${name}' in time.`;
    throw new PenstockError(code, said, "Give a `fallback`, so that the application runs without it.");
  }

  /** Sends a score. Never throws: the result says whether the server has it. */
  async score(score) {
    try {
      await this.#server.send("POST", "/api/v1/scores", score);
      return true;
    } catch {
      return false;
    }
  }

  #entry(name, version) {
    const wanted = `${version} ${name}`;
    let entry = this.#cached.get(wanted);
    if (entry === undefined) {
      entry = { nextMs: 0, failures: 0 };
      this.#cached.set(wanted, entry);
      if (this.#cached.size > MAX_CACHED) this.#cached.delete(this.#cached.keys().next().value);
    }
    const isDue = performance.now() >= entry.nextMs && this.#fetches < MAX_FETCHES;
    if (entry.fetch === undefined && isDue) {
      this.#fetches += 1;
      entry.fetch = this.#renew(entry, name, version);
    }
    return entry;
  }

  /** Never rejects. */
  async #renew(entry, name, version) {
    let pauseMs = this.#ttlMs;
    try {
      entry.prompt = new Prompt(name, await this.#server.resolve(name, version), this.#server);
      entry.failures = 0;
    } catch (error) {
      entry.error = error instanceof PenstockError ? error : new PenstockError("upstream_failed", String(error));
      pauseMs = Math.min(SHORTEST_PAUSE_MS * 2 ** entry.failures, LONGEST_PAUSE_MS);
      entry.failures = Math.min(entry.failures + 1, 10);
    }
    entry.nextMs = performance.now() + pauseMs;
    entry.fetch = undefined;
    this.#fetches -= 1;
  }
}

async function within(work, limitMs) {
  let timer;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
