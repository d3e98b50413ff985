// Runs inside Wine: changes who may use a key of HKEY_LOCAL_MACHINE, by SDDL. Prints one line of JSON.
import { loadKoffi } from "../../../src/platform/node/koffi.ts";
import { registry, security, type Pointer } from "../../../src/platform/win32/ffi.ts";

const [path = "", sddl = ""] = process.argv.slice(2);
const localMachine = 0xffff_ffff_8000_0002n;
const changeAccess = 0x4_0000;
const accessList = 0x4;

const [descriptor, key]: [[Pointer], [Pointer]] = [[null], [null]];
const parsed = security.parseDescriptor(sddl, 1, descriptor, null);
const opened = registry.open(localMachine, path, 0, changeAccess, key);
// Only a test takes somebody's rights away, so that the product has no such call.
const change = loadKoffi().load("advapi32.dll").func("int32 __stdcall RegSetKeySecurity(void *key, uint32 what, void *descriptor)");
console.log(JSON.stringify({ parsed, opened, changed: change(key[0], accessList, descriptor[0]) as number }));
