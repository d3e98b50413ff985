import type koffi from "koffi";
import type { LibraryHandle, TypeObject } from "koffi";
import { loadKoffi } from "../node/koffi.ts";

// The only file of this platform that loads a library: declarations only. Nothing is loaded before its first call, so that
// Linux can import it. Structures are encoded and decoded elsewhere, as bytes.
type Koffi = typeof koffi;

/** An address or a handle; null is NULL. */
export type Pointer = bigint | null;

/** A library of System32. */
type Library = "advapi32" | "iphlpapi" | "kernel32";

/** The service manager: services by name. */
export const serviceManager = {
  open: declare<(machine: null, database: null, access: number) => Pointer>("advapi32", "void *__stdcall OpenSCManagerW(str16 machine, str16 database, uint32 access)"),
  openService: declare<(manager: Pointer, name: string, access: number) => Pointer>("advapi32", "void *__stdcall OpenServiceW(void *manager, str16 name, uint32 access)"),
  createService: declare<(manager: Pointer, ...config: CreateArguments) => Pointer>("advapi32",
    "void *__stdcall CreateServiceW(void *manager, str16 name, str16 displayName, uint32 access, uint32 type, uint32 start, uint32 errorControl, str16 path, str16 group, void *tag, void *dependencies, str16 account, str16 password)"),
  changeConfig: declare<(service: Pointer, ...config: ChangeArguments) => boolean>("advapi32",
    "bool __stdcall ChangeServiceConfigW(void *service, uint32 type, uint32 start, uint32 errorControl, str16 path, str16 group, void *tag, void *dependencies, str16 account, str16 password, str16 displayName)"),
  changeConfig2: declare<(service: Pointer, level: number, info: Buffer) => boolean>("advapi32", "bool __stdcall ChangeServiceConfig2W(void *service, uint32 level, void *info)"),
  queryConfig: declare<(service: Pointer, config: Buffer, size: number, needed: [number]) => boolean>("advapi32", "bool __stdcall QueryServiceConfigW(void *service, void *config, uint32 size, _Out_ uint32 *needed)"),
  queryStatus: declare<(service: Pointer, level: number, status: Buffer, size: number, needed: [number]) => boolean>("advapi32",
    "bool __stdcall QueryServiceStatusEx(void *service, uint32 level, void *status, uint32 size, _Out_ uint32 *needed)"),
  start: declare<(service: Pointer, count: number, words: null) => boolean>("advapi32", "bool __stdcall StartServiceW(void *service, uint32 count, void *words)"),
  control: declare<(service: Pointer, control: number, status: Buffer) => boolean>("advapi32", "bool __stdcall ControlService(void *service, uint32 control, void *status)"),
  delete: declare<(service: Pointer) => boolean>("advapi32", "bool __stdcall DeleteService(void *service)"),
  close: declare<(handle: Pointer) => boolean>("advapi32", "bool __stdcall CloseServiceHandle(void *handle)"),
} as const;

/** What a service tells the service manager of itself. */
export const serviceProcess = {
  registerHandler: declare<(name: string, handler: bigint, context: null) => Pointer>("advapi32", "void *__stdcall RegisterServiceCtrlHandlerExW(str16 name, void *handler, void *context)"),
  setStatus: declare<(service: Pointer, status: Buffer) => boolean>("advapi32", "bool __stdcall SetServiceStatus(void *service, void *status)"),
  /** Blocks a thread of its own until the service has stopped. The error number is that of its thread, 0 when it went well. */
  dispatch: declareSlow<(table: Buffer) => boolean>("advapi32", "bool __stdcall StartServiceCtrlDispatcherW(void *table)"),
} as const;

/** Tokens, accounts and access lists. */
export const security = {
  openProcessToken: declare<(process: Pointer, access: number, token: [Pointer]) => boolean>("advapi32", "bool __stdcall OpenProcessToken(void *process, uint32 access, _Out_ void **token)"),
  tokenInformation: declare<(token: Pointer, what: number, info: Buffer, size: number, needed: [number]) => boolean>("advapi32",
    "bool __stdcall GetTokenInformation(void *token, int what, void *info, uint32 size, _Out_ uint32 *needed)"),
  parseDescriptor: declare<(sddl: string, revision: number, descriptor: [Pointer], size: null) => boolean>("advapi32",
    "bool __stdcall ConvertStringSecurityDescriptorToSecurityDescriptorW(str16 sddl, uint32 revision, _Out_ void **descriptor, void *size)"),
  fileSecurity: declare<(path: string, what: number, descriptor: Buffer, size: number, needed: [number]) => boolean>("advapi32",
    "bool __stdcall GetFileSecurityW(str16 path, uint32 what, void *descriptor, uint32 size, _Out_ uint32 *needed)"),
  accessList: declare<(descriptor: Pointer, present: [number], list: [Pointer], defaulted: [number]) => boolean>("advapi32",
    "bool __stdcall GetSecurityDescriptorDacl(void *descriptor, _Out_ int32 *present, _Out_ void **list, _Out_ int32 *defaulted)"),
  owner: declare<(descriptor: Pointer, owner: [Pointer], defaulted: [number]) => boolean>("advapi32",
    "bool __stdcall GetSecurityDescriptorOwner(void *descriptor, _Out_ void **owner, _Out_ int32 *defaulted)"),
  setNamed: declare<(path: string, kind: number, what: number, owner: Pointer, ...rest: readonly [group: null, access: Pointer, audit: null]) => number>("advapi32",
    "uint32 __stdcall SetNamedSecurityInfoW(str16 path, int kind, uint32 what, void *owner, void *group, void *access, void *audit)"),
} as const;

/** The registry. */
export const registry = {
  open: declare<(key: bigint, path: string, options: number, access: number, opened: [Pointer]) => number>("advapi32",
    "int32 __stdcall RegOpenKeyExW(void *key, str16 path, uint32 options, uint32 access, _Out_ void **opened)"),
  value: declare<(key: Pointer, index: number, name: Buffer, nameLength: [number], ...rest: readonly [reserved: null, type: [number], data: Buffer, size: [number]]) => number>("advapi32",
    "int32 __stdcall RegEnumValueW(void *key, uint32 index, void *name, _Inout_ uint32 *nameLength, void *reserved, _Out_ uint32 *type, void *data, _Inout_ uint32 *size)"),
  create: declare<(key: bigint, path: string, reserved: number, kind: null, ...rest: readonly [options: number, access: number, security: null, opened: [Pointer], disposition: null]) => number>("advapi32",
    "int32 __stdcall RegCreateKeyExW(void *key, str16 path, uint32 reserved, str16 kind, uint32 options, uint32 access, void *security, _Out_ void **opened, void *disposition)"),
  setValue: declare<(key: Pointer, name: string, reserved: number, type: number, ...rest: readonly [data: Buffer, size: number]) => number>("advapi32",
    "int32 __stdcall RegSetValueExW(void *key, str16 name, uint32 reserved, uint32 type, void *data, uint32 size)"),
  deleteValue: declare<(key: Pointer, name: string) => number>("advapi32", "int32 __stdcall RegDeleteValueW(void *key, str16 name)"),
  close: declare<(key: Pointer) => number>("advapi32", "int32 __stdcall RegCloseKey(void *key)"),
  /** Fills in the variables of a text, as REG_EXPAND_SZ wants it; returns the length with its zero. */
  expand: declare<(text: string, filled: Buffer, size: number) => number>("kernel32", "uint32 __stdcall ExpandEnvironmentStringsW(str16 text, void *filled, uint32 size)"),
} as const;

/** The log of events. */
export const events = {
  register: declare<(server: null, source: string) => Pointer>("advapi32", "void *__stdcall RegisterEventSourceW(str16 server, str16 source)"),
  report: declare<(source: Pointer, type: number, category: number, id: number, ...rest: readonly [user: null, count: number, size: number, texts: Buffer, data: null]) => boolean>("advapi32",
    "bool __stdcall ReportEventW(void *source, uint16 type, uint16 category, uint32 id, void *user, uint16 count, uint32 size, void *texts, void *data)"),
  deregister: declare<(source: Pointer) => boolean>("advapi32", "bool __stdcall DeregisterEventSource(void *source)"),
  deleteKey: declare<(key: bigint, path: string, view: number, reserved: number) => number>("advapi32", "int32 __stdcall RegDeleteKeyExW(void *key, str16 path, uint32 view, uint32 reserved)"),
} as const;

/** Handles, processes, jobs and pipes. */
export const kernel = {
  lastError: declare<() => number>("kernel32", "uint32 __stdcall GetLastError()"),
  formatMessage: declare<(flags: number, source: null, code: number, language: number, ...rest: readonly [text: Buffer, size: number, words: null]) => number>("kernel32",
    "uint32 __stdcall FormatMessageW(uint32 flags, void *source, uint32 code, uint32 language, void *text, uint32 size, void *words)"),
  close: declare<(handle: Pointer) => boolean>("kernel32", "bool __stdcall CloseHandle(void *handle)"),
  localFree: declare<(memory: Pointer) => Pointer>("kernel32", "void *__stdcall LocalFree(void *memory)"),
  currentProcess: declare<() => Pointer>("kernel32", "void *__stdcall GetCurrentProcess()"),
  openProcess: declare<(access: number, inherit: boolean, pid: number) => Pointer>("kernel32", "void *__stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)"),
  terminateProcess: declare<(process: Pointer, code: number) => boolean>("kernel32", "bool __stdcall TerminateProcess(void *process, uint32 code)"),
  createJob: declare<(attributes: null, name: null) => Pointer>("kernel32", "void *__stdcall CreateJobObjectW(void *attributes, str16 name)"),
  setJobInformation: declare<(job: Pointer, what: number, info: Buffer, size: number) => boolean>("kernel32", "bool __stdcall SetInformationJobObject(void *job, int what, void *info, uint32 size)"),
  assignToJob: declare<(job: Pointer, process: Pointer) => boolean>("kernel32", "bool __stdcall AssignProcessToJobObject(void *job, void *process)"),
  fileAttributes: declare<(path: string) => number>("kernel32", "uint32 __stdcall GetFileAttributesW(str16 path)"),
  createDirectory: declare<(path: string, attributes: Pointer) => boolean>("kernel32", "bool __stdcall CreateDirectoryW(str16 path, void *attributes)"),
  createFile: declare<(path: string, access: number, share: number, attributes: Pointer, ...rest: readonly [disposition: number, flags: number, template: null]) => Pointer>("kernel32",
    "void *__stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *attributes, uint32 disposition, uint32 flags, void *template)"),
  objectSecurity: declare<(object: Pointer, what: number, descriptor: Buffer, size: number, needed: [number]) => boolean>("advapi32",
    "bool __stdcall GetKernelObjectSecurity(void *object, uint32 what, void *descriptor, uint32 size, _Out_ uint32 *needed)"),
  pipeServer: declare<(pipe: Pointer, pid: [number]) => boolean>("kernel32", "bool __stdcall GetNamedPipeServerProcessId(void *pipe, _Out_ uint32 *pid)"),
} as const;

/** Open sockets. */
export const network = {
  tcpTable: declare<(table: Buffer, size: [number], sorted: boolean, ...rest: readonly [family: number, kind: number, reserved: number]) => number>("iphlpapi",
    "uint32 __stdcall GetExtendedTcpTable(void *table, _Inout_ uint32 *size, bool sorted, uint32 family, int kind, uint32 reserved)"),
} as const;

type CreateArguments = readonly [
  name: string, displayName: string, access: number, type: number, start: number, errorControl: number,
  path: string, group: null, tag: null, dependencies: Buffer | null, account: string | null, password: string | null,
];

type ChangeArguments = readonly [
  type: number, start: number, errorControl: number,
  path: string, group: null, tag: null, dependencies: Buffer | null, account: string | null, password: string | null, displayName: string,
];

/** The address of bytes, for a structure that points at them: whoever uses it keeps the bytes alive. */
export function addressOf(bytes: Buffer): bigint {
  return load().koffi.address(bytes);
}

/** Makes a function of ours callable by the system, on whatever thread: it runs on ours, and the caller waits for it. */
export function openCallback<F extends (...args: never[]) => unknown>(prototype: "main" | "handler", callback: F): Disposable & { readonly address: bigint } {
  const { koffi: library } = load();
  const address = library.register(callback, library.pointer(prototypes()[prototype]));
  return { address, [Symbol.dispose]: () => library.unregister(address) };
}

const declared = {
  main: "void __stdcall LinkerdMeshServiceMain(uint32 count, void *words)",
  handler: "uint32 __stdcall LinkerdMeshServiceHandler(uint32 control, uint32 event, void *data, void *context)",
} as const;

let made: Readonly<Record<keyof typeof declared, TypeObject>> | undefined;

function prototypes(): NonNullable<typeof made> {
  const { koffi: library } = load();
  return (made ??= { main: library.proto(declared.main), handler: library.proto(declared.handler) });
}

function declare<F extends (...args: never[]) => unknown>(library: Library, prototype: string): F {
  let bound: ((...args: unknown[]) => unknown) | undefined;
  const call: (...args: never[]) => unknown = (...args) => (bound ??= bind(library, prototype))(...args);
  return call as F;
}

// A call that waits, on one of the four threads that Node has for files as well. The dispatcher has one for life: whatever else
// shall be waited for natively has to share one other (WaitForMultipleObjects), or files stand still.
function declareSlow<F extends (...args: never[]) => unknown>(library: Library, prototype: string): (...args: Parameters<F>) => Promise<{ readonly result: ReturnType<F>; readonly error: number }> {
  return (...args) => new Promise((resolve, reject) => {
    bind(library, prototype).async(...args, (error: unknown, result: ReturnType<F>) => {
      if (error !== null) return reject(new Error(`${library}: a call could not be made`, { cause: error }));
      // Only here, in koffi's own callback, is the error that of the thread on which the call ran.
      return resolve({ result, error: result === false ? kernel.lastError() : 0 });
    });
  });
}

type Bound = ReturnType<LibraryHandle["func"]>;

const libraries = new Map<Library, LibraryHandle>();

function bind(name: Library, prototype: string): Bound {
  const { koffi: library, folder } = load();
  const found = libraries.get(name) ?? library.load(`${folder}\\${name}.dll`);
  libraries.set(name, found);
  return found.func(prototype);
}

let loaded: { readonly koffi: Koffi; readonly folder: string } | undefined;

function load(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    const library = loadKoffi();
    // kernel32 is in every process already, so that its bare name finds no other. Whoever starts us may set SystemRoot
    // to what he likes; the system's own answer he cannot change.
    const readFolder = library.load("kernel32.dll").func("uint32 __stdcall GetSystemDirectoryW(void *path, uint32 size)");
    const path = Buffer.alloc(1024);
    const length = readFolder(path, path.length / 2) as number;
    loaded = { koffi: library, folder: path.toString("utf16le", 0, length * 2) };
  }
  return loaded;
}
