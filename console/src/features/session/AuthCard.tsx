import type { ReactNode } from "react";

/** The layout of pages without navigation: one card in the centre. */
export function AuthCard({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <main className="grid h-full place-items-center overflow-y-auto bg-sunken p-4">
      <div className="flex w-full max-w-[340px] flex-col gap-3 rounded-lg border border-line bg-canvas p-6">
        <div className="mb-2 flex items-center gap-2.5">
          <img src="/favicon.svg" alt="" className="size-6" />
          <h1 className="min-w-0 text-lg font-semibold tracking-tight break-words">{title}</h1>
        </div>
        {children}
      </div>
    </main>
  );
}
