import type { Socket } from "node:net";
import type { RegistryValues } from "../model/settings/sources.ts";
import type { MeshError } from "../model/errors.ts";
import type { LogForm, LogRecord } from "../model/log-record.ts";
import type { Redirector } from "../model/traffic.ts";

/** Time, so that tests can make it jump. */
export interface Clock {
  /** Wall-clock time; may jump when somebody sets the machine's clock. */
  now(): Date;
  /** Milliseconds since an arbitrary start; never jumps. All waits and ages are measured with it. */
  monotonic(): number;
  /** Resolves after `milliseconds` of monotonic time; rejects with the signal's reason when aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** Severity of a log line, least first. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** How a log is kept in files. */
export interface LogFileSpec {
  readonly folder: string;
  readonly form: LogForm;
  /** Told what keeps lines from being written: at once, and then every ten minutes at most. */
  readonly onTrouble: (trouble: MeshError) => void;
}

/** A log in files; disposing it closes them. */
export interface LogFile extends Disposable {
  write(record: LogRecord): void;
}

/** Structured log; fields never hold key material or tokens. */
export interface Log {
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A log whose lines all carry these fields. */
  child(fields: Readonly<Record<string, unknown>>): Log;
}

/** How a process ended: exactly one of the two is set. */
export interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A program to start. */
export interface ChildSpec {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the child; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called for each line the child prints, without its line end. */
  readonly onLine?: (stream: "stdout" | "stderr", line: string) => void;
  /** The child has a standard input that `write` feeds; without it the input is empty. */
  readonly stdin?: boolean;
  /** The child gets none of our capabilities and no way to gain any (Linux). */
  readonly dropRights?: boolean;
}

/** A program to run to its end. */
export interface RunSpec extends Omit<ChildSpec, "onLine" | "stdin"> {
  readonly input?: string;
  /** Characters that are kept of each output; the rest is read and dropped. All when left out. */
  readonly keep?: number;
  /**
   * Whatever the program started ends with it, however it ends (Linux: its process group; a descendant that leaves the
   * group stays. Windows: only what is there when an abort kills it).
   */
  readonly family?: boolean;
}

/** A running child. Disposing it kills it if it still lives and waits for its end. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  write(text: string): Promise<void>;
  closeInput(): void;
  /** `terminate` asks (SIGTERM; on Windows the same as kill), `kill` does not. */
  signal(how: "terminate" | "kill"): void;
}

/** What a finished program left. */
export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Child processes. Every child dies with this process, even when this process is killed. */
export interface Processes {
  /** Starts a program; rejects with PROGRAM_MISSING or PROGRAM_FAILED when it cannot be started. */
  spawn(spec: ChildSpec): Promise<Child>;
  /** Runs a program to its end; an abort kills it. A non-zero exit is a result, not an error. */
  run(spec: RunSpec, signal: AbortSignal): Promise<Finished>;
  /** The command line that starts this very program with other arguments. */
  self(args: readonly string[]): { readonly file: string; readonly args: readonly string[] };
}

/** Files by absolute path. Errors are FILE_FAILED with the system's own text. */
export interface Files {
  /** The text, or undefined when there is no such file. */
  readText(path: string): Promise<string | undefined>;
  /** The bytes, or undefined when there is no such file. */
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /** At most so many bytes from a place on; none at the end, undefined when there is no such file. */
  readPart(path: string, from: number, most: number): Promise<Uint8Array | undefined>;
  /** Replaces a file as a whole (temporary file, sync, rename), so that a reader or a crash never sees half of it. */
  writeAtomic(path: string, text: string, options?: { readonly mode?: number }): Promise<void>;
  /** Appends a line to a file, making it when absent. */
  append(path: string, text: string): Promise<void>;
  /** Names in a folder, sorted; empty when there is none. */
  list(path: string): Promise<readonly string[]>;
  /**
   * Says that something in a folder may have changed, or the folder itself: once at first, when the system tells of a
   * change, and now and then in any case, for shares of a network tell nothing: every ten seconds, or as `poll` says in milliseconds.
   * Ends with the signal.
   */
  watchFolder(path: string, signal: AbortSignal, poll?: number): AsyncIterable<void>;
  /** Keeps a log in the fixed set of files of a folder (model/log-files.ts); only one process may at a time. Never throws. */
  openLogFile(spec: LogFileSpec): LogFile;
  makeFolder(path: string, mode: number): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  /** Removes a file or a whole folder; one that is absent is no error. */
  remove(path: string): Promise<void>;
  /** What is there: undefined for nothing. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** An exclusive lock held until disposed or until this process ends; undefined when somebody else holds it. */
  lock(path: string): Promise<AsyncDisposable | undefined>;
}

/** What is known of a file without opening it. */
export interface FileInfo {
  readonly kind: "file" | "folder" | "socket" | "other";
  readonly size: number;
  readonly executable: boolean;
  readonly mode: number;
  readonly owner: number;
}

/** An address of this machine. */
export interface LocalAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly interface: string;
  readonly loopback: boolean;
}

/** An address and port of a connection. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Why a named pipe is not to be used. */
export interface PipeProblem {
  /** `untrusted`: what serves it is not who it should be. */
  readonly state: "missing" | "denied" | "busy" | "untrusted" | "failed";
  /** One sentence without a final stop. */
  readonly what: string;
}

/** What the sockets of this machine tell. */
export interface Sockets {
  addresses(): readonly LocalAddress[];
  /** True when that TCP port can be bound now at that address. */
  portFree(address: string, port: number): Promise<boolean>;
  /** The process that listens there, when the system tells; `likely` is looked at first, which is cheap. */
  listener(port: number, likely?: number): Promise<{ readonly pid: number } | undefined>;
  /** Looks at a named pipe before it is used: that it can be opened, and that the service of that name serves it, or somebody who may do anything here. Undefined when it is good. */
  probePipe(path: string, service: string): Promise<PipeProblem | undefined>;
  /** Where an accepted connection was going before the redirect took it; undefined when the system does not tell. */
  originalDestination(socket: Socket): SocketAddress | undefined;
}

/** Who we are to the system. */
export interface Account {
  readonly name: string;
  /** Linux uid; -1 where the system has none. */
  readonly uid: number;
  /** Windows: the security identifier. */
  readonly sid?: string;
  /** May change the redirect (CAP_NET_ADMIN; Administrators). */
  readonly mayRedirect: boolean;
}

/** A service as it shall be. */
export interface ServiceSpec {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly command: { readonly file: string; readonly args: readonly string[] };
  /** `own` is an account that is the service's alone and has no rights besides; `system` may do everything. */
  readonly account: "own" | "system";
  /** Milliseconds before each restart after a failure; the last one is also that of all later failures. */
  readonly recovery: readonly number[];
  /** Milliseconds that the system waits for the service's end when it goes down itself. */
  readonly shutdownPatience: number;
  /** Services that start before it. */
  readonly dependencies: readonly string[];
  /** Folders that are made for it, and that only the system, administrators and, where it works there, the service may touch. */
  readonly folders: readonly { readonly path: string; readonly works: boolean }[];
  /** Files that are made for it, as empty ones, for it to write to. */
  readonly files: readonly string[];
}

/** Where a service stands, as the system's service manager knows it. */
export type ServiceState = "stopped" | "starting" | "running" | "stopping" | "paused";

/** A service as it is. */
export interface ServiceFacts {
  readonly state: ServiceState;
  readonly pid: number | undefined;
  readonly start: "automatic" | "manual" | "disabled";
  readonly account: string;
  /** The command line that it starts. */
  readonly command: string;
  /** How it ended last: the service manager's number (0 for a good end), and the service's own number behind it. */
  readonly exit: { readonly system: number; readonly own: number };
}

/** What a service is told while it runs. */
export interface ServiceLife {
  /** Aborted when the service shall stop. */
  readonly signal: AbortSignal;
  /** Says that all that could fail at once has not. */
  started(): void;
}

/** The services of this machine. Errors: SERVICE_DENIED, SERVICE_FAILED, and what each call names. */
export interface Services {
  /** Undefined for a service that is not installed. */
  read(name: string): Promise<ServiceFacts | undefined>;
  /** Makes the service, or makes an existing one as it shall be. SERVICE_UNSUPPORTED where only the package does that. */
  apply(spec: ServiceSpec): Promise<"made" | "corrected">;
  /** Removes a stopped service; false when there is none. SERVICE_UNSUPPORTED as above. */
  remove(name: string): Promise<boolean>;
  /** Asks for a start and does not wait for its end; one that runs is left alone. SERVICE_ABSENT, SERVICE_LOGON, SERVICE_DISABLED, SERVICE_TIMEOUT. */
  start(name: string): Promise<void>;
  /** Asks for a stop and does not wait for its end; one that does not run is left alone. SERVICE_ABSENT. */
  stop(name: string): Promise<void>;
  /**
   * Runs `work` as the service that the service manager started this process for, and tells it how that goes; an error of
   * the work is thrown after it was told, as the number that `exitOf` gives. SERVICE_OUTSIDE in a process that nobody
   * started as a service, SERVICE_UNSUPPORTED where a service is a process like any other.
   */
  serve(options: ServeOptions, work: (life: ServiceLife) => Promise<void>): Promise<void>;
}

/** How this process is a service. */
export interface ServeOptions {
  readonly name: string;
  /** The number, not 0, that the service manager is told for an error. */
  readonly exitOf: (error: unknown) => number;
  /** Milliseconds after which a stop that does not end is ended with the process. */
  readonly stopPatience: () => number;
  /** Told when the machine is awake again. */
  readonly onResume: () => void;
  /** Told of an error that nobody caught, or of a stop that does not end, just before the process ends: it must not wait. */
  readonly onCrash: (error: unknown) => void;
}

/** Settings that the system itself keeps: Windows' registry. Errors: REGISTRY_FAILED, REGISTRY_DENIED. */
export interface Registry {
  /** Where the machine's own settings are; undefined where the system keeps none, and a file does. */
  readonly path: string | undefined;
  /** What the policy of the organisation says, and what the machine's own settings say; without values there is no such key. */
  read(): Promise<{ readonly policy?: RegistryValues; readonly registry?: RegistryValues }>;
  /** Sets a value of the machine's own settings, or removes it. */
  write(name: string, text: string | undefined): Promise<void>;
}

/** What an administrator shall find in the system's own log. */
export interface SystemEvent {
  readonly level: "warn" | "error";
  /** The number by which events of a kind are found: 1 to 1000. */
  readonly number: number;
  readonly text: string;
}

/** The machine under us: the one interface between the product and an operating system. */
export interface Host {
  readonly os: "linux" | "win32";
  readonly environment: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly processes: Processes;
  readonly files: Files;
  readonly sockets: Sockets;
  readonly redirector: Redirector;
  readonly services: Services;
  account(): Promise<Account>;
  /**
   * Linux, as root: continues as that account (a name or a uid) with the right to redirect and no other, by replacing
   * this process with the same command; the folders become the account's own. Returns where nothing needs to change.
   * Errors: PROXY_USER_MISSING, PROGRAM_MISSING.
   */
  becomeAccount(account: string, folders: readonly string[]): Promise<void>;
  readonly registry: Registry;
  /** Writes into the system's log of events (Windows: source LinkerdMesh). Nothing on Linux, whose journal has stderr. Never throws. */
  tellSystem(event: SystemEvent): void;
  /** An identifier that stays with this installation of the system and differs in a clone that was generalised. */
  machineId(): Promise<string>;
  /** Uniformly random in [0, 1), for jitter. */
  random(): number;
}
