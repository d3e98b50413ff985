/** The steps of the demo in their order, each with the sentence that is true once it was shown. */
export const story = {
  mesh: "A small mesh with a registration service runs beside two machines",
  group: "A group file says who may join",
  identity: "The first machine has an identity",
  registered: "It is registered: its workload appears, not ready yet",
  proxy: "Its proxy has a certificate and is ready",
  redirect: "Its traffic goes through the proxy",
  ready: "It is ready, and its workload says so",
  outbound: "The machine calls the mesh over mTLS",
  inbound: "The mesh calls the machine over mTLS",
  plaintext: "Plaintext to the machine is refused",
  permission: "An identity without permission is refused",
  edit: "An edit of the group file reaches the living machine",
  failing: "An application that fails takes its machine out of the mesh",
  back: "When it works again the machine is back",
  second: "A second machine joins the same group",
  killed: "The second machine dies without a word",
  rotation: "Certificates change under steady requests, none is lost",
  expired: "The dead machine's lease runs out: no peer is sent to it any more",
  leave: "The first machine drains and leaves for good",
} as const;

/** A step of the story. */
export type StoryId = keyof typeof story;

/** The steps in their order. */
export const storyIds = Object.keys(story) as readonly StoryId[];
