import { isObject, type JsonObject } from "@/features/playground/request/json";
import { formatBytes } from "@/shared/format/number";

/** An image of an answer, as a data URL. */
export interface Picture {
  src: string;
  type: string;
  size: number;
}

export const MAX_PICTURES = 10; // of one answer that are shown; OpenAI makes no more

const TYPES: readonly [begin: string, type: string][] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["UklGR", "image/webp"],
];

/** Takes the images out of an answer: the text names type and size in place of their bytes. Another
 * text is left as it is. */
export function withoutPictures(text: string): { text: string; pictures: Picture[] } {
  const answer = read(text);
  const data = answer?.["data"];
  if (!answer || !Array.isArray(data)) return { text, pictures: [] };
  const pictures: Picture[] = [];
  const short = data.map((item) => {
    const bytes = isObject(item) ? item["b64_json"] : undefined;
    if (!isObject(item) || typeof bytes !== "string") return item;
    const picture = pictureOf(bytes);
    if (picture && pictures.length < MAX_PICTURES) pictures.push(picture);
    const type = picture?.type ?? "unknown type";
    return { ...item, b64_json: `(${type}, ${formatBytes(sizeOf(bytes))})` };
  });
  return { text: JSON.stringify({ ...answer, data: short }, null, 2), pictures };
}

function pictureOf(bytes: string): Picture | undefined {
  const type = TYPES.find(([begin]) => bytes.startsWith(begin))?.[1];
  return type ? { src: `data:${type};base64,${bytes}`, type, size: sizeOf(bytes) } : undefined;
}

function sizeOf(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.floor((base64.length * 3) / 4) - padding;
}

function read(text: string): JsonObject | undefined {
  if (!text.includes('"b64_json"')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
