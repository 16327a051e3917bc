/**
 * Every Redis key and channel, with its lifetime. Keys of one room or one user share a hash tag `{...}`,
 * so that one Lua script may touch them on Redis Cluster.
 */
export const redisKeys = {
  /** Hash, TTL `ttlSeconds.refreshToken`: the refresh token of one device. */
  refreshToken: (userId: string, deviceId: string) => `rt:{${userId}}:${deviceId}`,
  /** String: the session id in force. Absent or different means signed out. */
  authSession: (userId: string) => `auth:session:{${userId}}`,

  /** Hash userId -> member (JSON): who watches, one entry per user whatever the number of tabs. */
  room: (contentId: string) => `ws:room:{${contentId}}`,
  /** Sorted set, all scores 0, of `sessionId:userId`: UUIDv7 session ids make lexical order the order of joining. */
  roomSince: (contentId: string) => `ws:room:{${contentId}}:since`,
  /** Hash: `userId|nodeId` for every node through which the user watches, and `userId|` -> the number of those nodes. */
  roomRefs: (contentId: string) => `ws:room:{${contentId}}:refs`,
  /** Set, TTL `ttlSeconds.roomGone`: the sessions that the room was last told are over. */
  roomGone: (contentId: string) => `ws:room:{${contentId}}:gone`,
  /** String, TTL `ttlSeconds.roomClosed`: the content is deleted; nobody comes in or says anything any more. */
  roomClosed: (contentId: string) => `ws:room:{${contentId}}:closed`,
  /** Hash: what the room plays, from where, as of when. Goes with the room. */
  playback: (contentId: string) => `ws:room:{${contentId}}:playback`,
  /** Hash, what the user watches now: `contentId`, `sessionId`; and `room|contentId` -> session id for every room the user is in. */
  watching: (userId: string) => `ws:session:{${userId}}`,
  /** String, TTL `ttlSeconds.nodeLease`: the node is alive while it exists. */
  nodeLease: (nodeId: string) => `ws:node:${nodeId}`,
  /** Set of `contentId|userId` and `open|conversationId|userId`: who is in which room or conversation through this node. */
  nodeMembers: (nodeId: string) => `ws:node:${nodeId}:members`,
  /** Set of the ids of all nodes that ever took a lease and were not reaped. */
  nodes: 'ws:nodes',
  /** String: a random mark that stands as long as Redis keeps its data; a different one means that everything was lost. */
  epoch: 'ws:epoch',
  /** Hash: `userId` -> number of nodes on which the user has the conversation open, and `userId|nodeId` for each of them. */
  openConversation: (conversationId: string) => `ws:open:{${conversationId}}`,
  /** String, TTL `ttlSeconds.sentMessage`: the id of the direct message that the sender gave this key, and a mark of its text. */
  sentMessage: (senderId: string, key: string) => `ws:sent:{${senderId}}:${key}`,
  /** Stream, capped: the last chat lines of a room. */
  chat: (contentId: string) => `ws:chat:{${contentId}}`,
  /** Stream, capped: what a user who is or was just connected should see. */
  eventStream: (userId: string) => `sse:{${userId}}`,

  /** String, TTL `ttlSeconds.batchTick`: some batch instance takes care of this job's run of this minute (UTC). */
  batchTick: (job: string, minute: string) => `batch:tick:${job}:${minute}`,

  /** String, expires by itself: when the next request of `subject` fits into that limit again, in Unix milliseconds. */
  rateLimit: (limit: string, subject: string) => `rate:${limit}:{${subject}}`,

  /** JSON string, TTL `ttlSeconds.socialSignIn`: a browser that was sent to a provider. */
  socialSignIn: (state: string) => `oauth:{${state}}`,

  /** Hash, TTL `ttlSeconds.answers`: one field, the answer to whoever reads the content or user. */
  contentAnswers: (contentId: string) => `cache:content:{${contentId}}`,
  userAnswers: (userId: string) => `cache:user:{${userId}}`,
  /** Hash, TTL `ttlSeconds.answers`: the first pages of the unfiltered catalogue, by what was asked. */
  catalogueAnswers: 'cache:catalogue',

  /** String, TTL `ttlSeconds.cache`: JSON, or the mark of somebody who asks for it. Deleted when it changes. */
  userSummaryCache: (userId: string) => `cache:user-summary:{${userId}}`,
  contentSummaryCache: (contentId: string) => `cache:content-summary:{${contentId}}`,
  /** String `<userA>|<userB>`: the two participants of a conversation. */
  participantsCache: (conversationId: string) => `cache:participants:{${conversationId}}`,
} as const

export const channels = {
  /** Plain channel; the message is a `SessionRevoked`. Every api and socket instance listens. */
  sessionRevoked: 'auth:revoked',
  /** Plain channel; the message is the id of a content that is deleted. Every socket instance listens. */
  contentDeleted: 'contents:deleted',
  /** Sharded channel on which nothing is ever said: every socket instance listens to it as long as it lives. */
  silence: 'ws:silence',
  /** Sharded channel of a room: messages are `RoomMessage`s, or payloads for clients behind their kind and message id. */
  room: (contentId: string) => `ws:room:{${contentId}}`,
  /** Sharded channel of a conversation: messages are DirectMessageDtos. */
  conversation: (conversationId: string) => `ws:conversation:{${conversationId}}`,
  /** Sharded channel of who is typing in a conversation: `<connection id> <message id> <TypingMessage>`. */
  typing: (conversationId: string) => `ws:typing:{${conversationId}}`,
  /** Sharded channel of a user's event stream: `<id of the entry before> <id> <event> <data>` of a new entry. */
  eventStream: (userId: string) => `sse:{${userId}}`,
} as const

export const ttlSeconds = {
  accessToken: 15 * 60,
  refreshToken: 14 * 24 * 60 * 60,
  /** How long the token just rotated away still gets the same answer (two tabs refreshing at once). */
  refreshRetry: 10,
  nodeLease: 15,
  /** All nodes have noticed long before that Redis lost its data. */
  roomGone: 60,
  /** Longer than anything remembers that there was such a content, and than an instance is cut off from Redis. */
  roomClosed: 60 * 60,
  /** How long a client may try to send the same direct message. */
  sentMessage: 24 * 60 * 60,
  chat: 10 * 60,
  eventStream: 10 * 60,
  cache: 60,
  /** How old an answer can be whose change nobody could announce, because Redis was away. */
  answers: 30,
  /** How long somebody may take at the provider. */
  socialSignIn: 10 * 60,
  batchTick: 60 * 60,
} as const

/** Entries kept in capped streams. */
export const streamLength = { chat: 50, events: 200 } as const
