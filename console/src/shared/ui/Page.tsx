import type { ReactNode } from "react";

interface PageProps {
  title: string;
  /** The page's main actions, right of the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The layout of a page: a title row, then the content. */
export function Page({ title, actions, children }: PageProps) {
  return (
    <main className="thin-scroll h-full overflow-y-auto">
      <div className="mx-auto max-w-[1280px] px-6 pb-16">
        <header className="flex min-h-14 flex-wrap items-center justify-between gap-x-4 gap-y-2 py-2">
          <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
          <div className="flex flex-wrap items-center gap-2">{actions}</div>
        </header>
        {children}
      </div>
    </main>
  );
}
