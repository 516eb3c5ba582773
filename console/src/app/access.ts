import { PAGES } from "@/app/pages";
import { useMay, type Permission } from "@/shared/session";

/** The pages that the signed-in user may see: navigation, shortcuts and palette show no others. */
export function usePermittedPages() {
  const may = useMay();
  return PAGES.filter(({ permission }) => may(permission));
}

/** The page of the navigation that a path of a project belongs to, and the permission that the path
 * needs. Pages that add or edit something are below `_new`, `_import` or `_rule`, or end with `edit`. */
export function requirementOf(path: string): { name: string; permission: Permission } | undefined {
  const [segment, ...rest] = path.split("/").slice(3);
  const page = PAGES.find(({ to }) => to === `/projects/$projectId/${segment}`);
  if (!page) return undefined;
  const adds = ["_new", "_import", "_rule"].some((each) => rest.includes(each));
  const writes = adds || (rest.length > 1 && rest.at(-1) === "edit");
  const permission = writes && "write" in page ? page.write : page.permission;
  return { name: page.name, permission };
}
