import { addressOf, openCallback, serviceProcess, type Pointer } from "./ffi.ts";
import { encodePointers, encodeText } from "./encode-service.ts";

/** What the service manager calls; both run on our thread, and it waits for their end. */
export interface ServiceCallbacks {
  /** `register` says that the handler takes this service's controls; what it gives is null when the service is unknown. */
  main(register: () => Pointer): void;
  control(control: number, detail: number): number;
}

/** The connection to the service manager; it is over when the service has stopped. */
export interface Dispatcher extends Disposable {
  /** The error number, 0 when the service has run and stopped. */
  readonly returned: Promise<{ readonly error: number }>;
}

/** Connects to the service manager, which calls back on success. One thread of libuv's four belongs to it until the end. */
export function openDispatcher(name: string, callbacks: ServiceCallbacks): Dispatcher {
  const stack = new DisposableStack();
  const handler = stack.use(openCallback("handler", (control: number, detail: number) => callbacks.control(control, detail)));
  const main = stack.use(openCallback("main", () => callbacks.main(() => serviceProcess.registerHandler(name, handler.address, null))));
  const text = encodeText(name);
  const table = encodePointers([addressOf(text), main.address, 0n, 0n]);
  // The system reads both for as long as the call runs.
  const kept = [text, table];
  stack.defer(() => {
    kept.length = 0;
  });
  const returned = serviceProcess.dispatch(table).then(({ result, error }) => ({ error: result ? 0 : error }));
  return { returned, [Symbol.dispose]: () => stack.dispose() };
}

/** Tells the service manager how the service stands. That it cannot be told changes nothing that we could do. */
export function tellStatus(service: Pointer, status: Buffer): void {
  serviceProcess.setStatus(service, status);
}
