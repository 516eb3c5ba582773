import { useEffect, useRef, useState } from "react";

import type { Picture } from "@/features/playground/request/pictures";
import { formatBytes } from "@/shared/format/number";

/** The images of an answer. */
export function Pictures({ pictures }: { pictures: readonly Picture[] }) {
  if (pictures.length === 0) return null;
  return (
    <ul aria-label="Images" className="grid gap-4 sm:grid-cols-2">
      {pictures.map(({ src, type, size }, at) => (
        <li key={at}>
          <figure>
            <img
              src={src}
              alt={`Image ${at + 1} of the answer`}
              className="max-h-96 w-full rounded-md border border-line object-contain"
            />
            <figcaption className="mt-1 text-xs text-ink-3">
              {type}, {formatBytes(size)}
            </figcaption>
          </figure>
        </li>
      ))}
    </ul>
  );
}

/** An answer that is no text: its type and size, and a player for audio. */
export function AnswerFile({ file }: { file: Blob }) {
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">Body</h3>
      {file.type.startsWith("audio/") && <Player file={file} />}
      <p className="text-sm text-ink-2">
        {file.type}, {formatBytes(file.size)}
      </p>
    </section>
  );
}

function Player({ file }: { file: Blob }) {
  const audio = useRef<HTMLAudioElement>(null);
  const [failed, setFailed] = useState<Blob>();
  useEffect(() => {
    const url = URL.createObjectURL(file);
    if (audio.current) audio.current.src = url;
    return () => URL.revokeObjectURL(url);
  }, [file]);
  if (failed === file) {
    return <p className="mb-2 text-sm text-ink-3">This browser cannot play it.</p>;
  }
  return (
    <audio
      ref={audio}
      controls
      aria-label="Audio of the answer"
      className="mb-2 w-full max-w-lg"
      onError={() => setFailed(file)}
    />
  );
}
