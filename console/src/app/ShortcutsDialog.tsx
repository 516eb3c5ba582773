import { usePermittedPages } from "@/app/access";
import { Dialog } from "@/shared/ui/Dialog";
import { Key } from "@/shared/ui/Key";

const ANYWHERE = [
  { keys: "Ctrl+K", action: "Go to anything" },
  { keys: "?", action: "Keyboard shortcuts" },
];
const TRACES = [
  { keys: "/", action: "Search input and output" },
  { keys: "j", action: "Next call" },
  { keys: "k", action: "Previous call" },
  { keys: "Enter", action: "Open call" },
  { keys: "l", action: "Toggle live mode" },
  { keys: "Esc", action: "Back to list" },
];

const ANNOTATION = [
  { keys: "1 – 9", action: "Choose" },
  { keys: "Enter", action: "Submit" },
  { keys: "s", action: "Skip" },
  { keys: "u", action: "Undo" },
];

export function ShortcutsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const pages = usePermittedPages().map((page) => ({ keys: page.keys, action: page.name }));
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts">
      <div className="grid gap-8 sm:grid-cols-2">
        <Shortcuts title="Navigation" shortcuts={[...pages, ...ANYWHERE]} />
        <div className="flex flex-col gap-6">
          <Shortcuts title="Traces" shortcuts={TRACES} />
          <Shortcuts title="Annotation" shortcuts={ANNOTATION} />
        </div>
      </div>
    </Dialog>
  );
}

interface ShortcutsProps {
  title: string;
  shortcuts: readonly { keys: string; action: string }[];
}

function Shortcuts({ title, shortcuts }: ShortcutsProps) {
  return (
    <section>
      <h3 className="mb-1 text-xs font-medium text-ink-3">{title}</h3>
      <dl>
        {shortcuts.map(({ keys, action }) => (
          <div key={keys} className="flex h-8 items-center justify-between border-b border-line">
            <dt>{action}</dt>
            <dd className="flex gap-1">
              {keys.split(" ").map((key) => (
                <Key key={key} name={key} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
