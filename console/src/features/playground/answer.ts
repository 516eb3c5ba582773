/** An answer while it arrives. `toolCalls` are name and arguments, as text. */
export interface Answer {
  text: string;
  toolCalls: { name: string; args: string }[];
  finish: string;
  error: string;
}

export const EMPTY_ANSWER: Answer = { text: "", toolCalls: [], finish: "", error: "" };

interface Chunk {
  choices?: {
    delta?: {
      content?: string | null;
      tool_calls?: { index: number; function?: { name?: string; arguments?: string } }[];
    };
    finish_reason?: string | null;
  }[];
  error?: { message?: string };
}

/** Reads a stream of server-sent events with chat chunks. Calls `onAnswer` with the answer so far. */
export async function readAnswer(
  stream: ReadableStream<Uint8Array>,
  onAnswer: (answer: Answer) => void,
): Promise<Answer> {
  const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream).getReader();
  let rest = "";
  let answer = EMPTY_ANSWER;
  for (;;) {
    const { done, value } = (await reader.read()) as ReadableStreamReadResult<string>;
    if (done) return answer;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) answer = withLine(answer, line);
    onAnswer(answer);
  }
}

/** Adds one line of the stream. Other lines than data are left out. */
export function withLine(answer: Answer, line: string): Answer {
  const chunk = chunkOf(line);
  if (!chunk) return answer;
  if (chunk.error) return { ...answer, error: chunk.error.message ?? "The stream failed." };
  const choice = chunk.choices?.[0];
  if (!choice) return answer;
  const { delta, finish_reason: finish } = choice;
  return {
    ...answer,
    text: answer.text + (delta?.content ?? ""),
    toolCalls: (delta?.tool_calls ?? []).reduce(withToolCall, answer.toolCalls),
    finish: finish ?? answer.finish,
  };
}

function chunkOf(line: string): Chunk | null {
  const data = line.startsWith("data:") ? line.slice(5).trim() : "";
  if (!data || data === "[DONE]") return null;
  try {
    return JSON.parse(data) as Chunk;
  } catch {
    return null;
  }
}

function withToolCall(
  calls: Answer["toolCalls"],
  piece: { index: number; function?: { name?: string; arguments?: string } },
): Answer["toolCalls"] {
  const before = calls[piece.index] ?? { name: "", args: "" };
  const next = [...calls];
  next[piece.index] = {
    name: before.name + (piece.function?.name ?? ""),
    args: before.args + (piece.function?.arguments ?? ""),
  };
  return next;
}

/** The message of an error's body, in the shape of the gateway or of the server. */
export function errorOf(body: unknown, status: number): string {
  const found = body as { error?: { message?: string }; detail?: string; hint?: string } | null;
  const text = found?.error?.message ?? found?.detail;
  return text ? [text, found?.hint].filter(Boolean).join(" ") : `Status ${status}.`;
}
