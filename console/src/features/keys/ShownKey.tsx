import { useQuery } from "@tanstack/react-query";

import { exampleModel } from "@/features/keys/exampleModel";
import type { IssuedKey } from "@/features/keys/queries";
import { modelsQuery } from "@/shared/exampleCalls";
import { ExampleCode } from "@/shared/ExampleCode";
import { useGatewayUrl } from "@/shared/gateway";
import { useProjectId } from "@/shared/session";
import { ShownOnce } from "@/shared/ui/ShownOnce";

interface ShownKeyProps {
  title: string;
  issued: IssuedKey;
  onClose: () => void;
}

/** Shows the secret of a key once, with example calls. */
export function ShownKey({ title, issued, onClose }: ShownKeyProps) {
  const models = useQuery(modelsQuery(useProjectId())).data ?? [];
  const gatewayUrl = useGatewayUrl();
  const model = exampleModel(issued.key.allowed_models, models);
  return (
    <ShownOnce
      title={title}
      description={issued.key.name}
      label="key"
      secret={issued.secret}
      note="Penstock stores only a hash of it."
      onClose={onClose}
    >
      {gatewayUrl && model && <ExampleCode call={{ gatewayUrl, model, key: issued.secret }} />}
    </ShownOnce>
  );
}
