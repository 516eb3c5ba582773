import { useMutation, useQueryClient, type QueryKey } from "@tanstack/react-query";

import { useToast } from "@/shared/ui/Toasts";

interface ApiMutation<Input, Result> {
  run: (input: Input) => Promise<Result>;
  /** Queries to refetch after success. */
  invalidates?: readonly QueryKey[];
  /** The text of a toast after success. */
  successToast?: string;
  /** Shows an error as a toast. Forms and confirm dialogs show their mutation's error themselves. */
  errorToast?: boolean;
  /** Runs last, for example to close the dialog. */
  onSuccess?: ((result: Result) => unknown) | undefined;
}

/** A request that changes something: afterwards refetches queries, shows a toast, closes its dialog. */
export function useApiMutation<Input, Result>(mutation: ApiMutation<Input, Result>) {
  const { run, invalidates = [], successToast, errorToast = false, onSuccess } = mutation;
  const client = useQueryClient();
  const showToast = useToast();
  return useMutation({
    mutationFn: (input: Input) => run(input),
    onSuccess: async (result) => {
      await Promise.all(invalidates.map((queryKey) => client.invalidateQueries({ queryKey })));
      if (successToast) showToast({ text: successToast });
      await onSuccess?.(result);
    },
    onError: (error) => {
      if (errorToast) showToast({ error });
    },
  });
}
