import { type Picture, withoutPictures } from "@/features/playground/request/pictures";

/** What is read of an answer; then it is ended. */
export const MAX_READ_BYTES = 32 * 1024 * 1024;
export const MAX_SHOWN_CHARS = 262_144;

/** The body of an answer. A text is in `body`: of a stream as it arrives, up to a limit; of images
 * without their bytes, which are in `pictures`. Other answers are in `file` once they are whole.
 * `cut`: the answer is longer. */
export interface AnswerBody {
  body: string;
  pictures: readonly Picture[];
  file: Blob | undefined;
  cut: boolean;
  size: number;
}

export const EMPTY_BODY: AnswerBody = {
  body: "",
  pictures: [],
  file: undefined,
  cut: false,
  size: 0,
};

const TEXT = /^(text\/|application\/(.+\+)?(json|xml)\b|application\/x-ndjson|$)/i;
const ARRIVES_AS_TEXT = /^text\//i;

/** Reads an answer with this `content-type`. Calls `update` with what is known. */
export async function readBody(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  type: string,
  update: (part: Partial<AnswerBody & { error: string }>) => void,
): Promise<void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let [body, size] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MAX_READ_BYTES) {
      update({ cut: true, size, error: "The answer is longer than 32 MiB. The rest is not read." });
      await reader.cancel();
      return;
    }
    chunks.push(value);
    if (ARRIVES_AS_TEXT.test(type) && body.length <= MAX_SHOWN_CHARS) {
      body += decoder.decode(value, { stream: true });
      update(shown(body));
    }
    update({ size });
  }
  const whole = new Blob(chunks, { type });
  if (!TEXT.test(type)) update({ file: whole });
  else if (!ARRIVES_AS_TEXT.test(type)) update(withPictures(await whole.text()));
}

function withPictures(text: string): Partial<AnswerBody> {
  const found = withoutPictures(text);
  return { pictures: found.pictures, ...shown(found.text) };
}

function shown(text: string): Pick<AnswerBody, "body" | "cut"> {
  return { body: text.slice(0, MAX_SHOWN_CHARS), cut: text.length > MAX_SHOWN_CHARS };
}
