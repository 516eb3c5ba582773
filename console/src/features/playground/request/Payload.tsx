import { prettyJson } from "@/shared/format/json";
import { CodeBlock } from "@/shared/ui/CodeBlock";

interface PayloadProps {
  name: string;
  text: string;
  /** Only its begin is shown. */
  cut?: boolean;
}

/** A named text as it went over the wire; JSON is indented. */
export function Payload({ name, text, cut = false }: PayloadProps) {
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">{name}</h3>
      <div className="[&_pre]:max-h-[32rem] [&_pre]:break-words [&_pre]:whitespace-pre-wrap">
        <CodeBlock label={name.toLowerCase()} code={prettyJson(text)} />
      </div>
      {cut && <p className="mt-1 text-xs text-ink-3">The rest is left out.</p>}
    </section>
  );
}
