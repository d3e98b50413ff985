import { createServer } from "node:http";

/** An application that can be made to fail. */
export interface Application extends AsyncDisposable {
  status: number;
  /** Every path that it was asked for. */
  readonly paths: string[];
}

/** Opens one on loopback; it answers well until told otherwise. */
export async function openApplication(port: number): Promise<Application> {
  const paths: string[] = [];
  const application = { status: 200, paths, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
  const server = createServer((request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(application.status, { connection: "close" }).end();
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return application;
}
