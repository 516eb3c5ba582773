import { createContext, useCallback, useContext, useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";

import { ErrorNotice } from "@/shared/ui/ErrorState";
import { Notice } from "@/shared/ui/Notice";

type Toast = { text: string } | { error: Error };

const SHOWN_MS = 4000;
const MAX_SHOWN = 3;

const ToastContext = createContext<(toast: Toast) => void>(() => undefined);

/** Returns a function that shows a toast. */
export function useToast(): (toast: Toast) => void {
  return useContext(ToastContext);
}

/** Shows toasts in the corner of the window. Errors stay until dismissed. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly { id: number; toast: Toast }[]>([]);
  const nextId = useRef(0);
  const show = useCallback((toast: Toast) => {
    const id = nextId.current++;
    setToasts((shown) => [...shown, { id, toast }].slice(-MAX_SHOWN));
  }, []);
  const dismiss = useCallback((id: number) => {
    setToasts((shown) => shown.filter((each) => each.id !== id));
  }, []);
  return (
    <ToastContext value={show}>
      {children}
      <div className="pointer-events-none fixed right-4 bottom-4 z-60 flex w-[min(360px,calc(100vw-32px))] flex-col gap-2">
        {toasts.map(({ id, toast }) => (
          <ToastView key={id} id={id} toast={toast} onDismiss={dismiss} />
        ))}
      </div>
    </ToastContext>
  );
}

interface ToastViewProps {
  id: number;
  toast: Toast;
  onDismiss: (id: number) => void;
}

function ToastView({ id, toast, onDismiss }: ToastViewProps) {
  const isError = "error" in toast;
  useEffect(() => {
    if (isError) return;
    const timer = setTimeout(() => onDismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, isError, onDismiss]);
  const close = () => onDismiss(id);
  return (
    <div className="pointer-events-auto animate-appear rounded-md border border-line bg-raised shadow-float">
      {isError ? (
        <ErrorNotice error={toast.error} onClose={close} />
      ) : (
        <Notice tone="ok" onClose={close}>
          {toast.text}
        </Notice>
      )}
    </div>
  );
}
