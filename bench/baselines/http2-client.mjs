// The least that a Node program can be which talks HTTP/2: one session, kept open, one request.
import { connect } from "node:http2";

const session = connect(process.argv[2]);
const request = session.request({ ":path": "/" });
request.resume().on("end", () => process.stdout.write("ready\n"));
request.end();
