/** An image has several names: with a tag beside its digest, with Docker Hub's address or without. Pure. */

/** Server and path, as the engine understands a name: without a server it is Docker Hub's. */
export function nameOf(image: string): { readonly server: string; readonly path: string } {
  const parts = image
    .replace(/@.*$/, "")
    .replace(/:[^/:]*$/, "")
    .split("/");
  const named = parts.length > 1 && /[.:]|^localhost$/.test(parts[0]!);
  const path = (named ? parts.slice(1) : parts).join("/");
  const server = named && parts[0] !== "index.docker.io" ? parts[0]! : "docker.io";
  return { server, path: server === "docker.io" && !path.includes("/") ? `library/${path}` : path };
}

/** One name for all that are the same: the engine lists an image by another one than it was pulled by. */
export function oneName(image: string): string {
  const { server, path } = nameOf(image);
  return `${server}/${path}@${image.split("@")[1] ?? ""}`;
}
