/** The steps of the demo in their order, each with the sentence that is true once it was shown. */
export const story = {
  mesh: "A small mesh runs beside this machine",
  identity: "The machine has an identity",
  proxy: "The proxy has a certificate and is ready",
  redirect: "Traffic goes through the proxy",
  ready: "The machine is ready",
  outbound: "The machine calls the mesh over mTLS",
  inbound: "The mesh calls the machine over mTLS",
  plaintext: "Plaintext to the machine is refused",
  permission: "An identity without permission is refused",
  rotation: "Certificates change under steady requests, none is lost",
  leave: "The machine drains and leaves",
} as const;

/** A step of the story. */
export type StoryId = keyof typeof story;

/** The steps in their order. */
export const storyIds = Object.keys(story) as readonly StoryId[];
