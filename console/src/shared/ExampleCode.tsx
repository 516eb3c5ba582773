import { useState } from "react";

import { CALL_LANGUAGES, exampleCalls, type ExampleCall } from "@/shared/exampleCalls";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Tabs } from "@/shared/ui/Tabs";

/** Code that sends a first call, with a tab for each language. */
export function ExampleCode({ call }: { call: ExampleCall }) {
  const [language, setLanguage] = useState<string>("curl");
  const code = exampleCalls(call);
  return (
    <Tabs
      label="Example call"
      value={language}
      onChange={setLanguage}
      tabs={CALL_LANGUAGES.map(({ id, name }) => ({
        id,
        label: name,
        content: <CodeBlock label={`${name} example`} code={code[id]} />,
      }))}
    />
  );
}
