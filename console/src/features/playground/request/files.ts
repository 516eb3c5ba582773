import type { Schemas } from "@/shared/api/client";

/** The largest file of a request: the server takes 8 MiB, and base64 adds a third. */
export const MAX_FILE_BYTES = 5_000_000;

const MAX_NAME_CHARS = 200; // as the server has it

export function canSend(file: File | undefined): boolean {
  return file !== undefined && file.size <= MAX_FILE_BYTES;
}

/** A file as the REST API takes it. */
export async function toSentFile(file: File): Promise<Schemas["SentFileBody"]> {
  const [type = ""] = file.type.split(";");
  return {
    field: "file",
    name: file.name.slice(-MAX_NAME_CHARS),
    content_type: type || "application/octet-stream",
    content: toBase64(new Uint8Array(await file.arrayBuffer())),
  };
}

const STEP = 0x8000; // bytes that become arguments at once

export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += STEP) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + STEP)));
  }
  return btoa(pieces.join(""));
}
