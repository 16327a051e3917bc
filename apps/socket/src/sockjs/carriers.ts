/** The ways in which SockJS frames travel in an HTTP response. sockjs-protocol 0.3.3, "Transports". */

export type Carrier = {
  method: 'get' | 'post'
  contentType: string
  /** Whether the request names a function of the page that is to be called with each frame. */
  hasCallback: boolean
  /** What goes out before the first frame, so that the client, and whatever buffers on the way, sees a beginning. */
  prelude(callback: string): string
  encode(frame: string, callback: string): string
  /** The response ends once it has carried so many bytes: a client keeps all of it in memory. */
  responseBytes: number
}

const script = 'application/javascript; charset=UTF-8'
const oneFrame = 1
const streamBytes = 128 * 1024
const nothing = () => ''
const line = (frame: string) => `${robust(frame)}\n`

export const carriers = {
  xhr: {
    method: 'post',
    contentType: script,
    hasCallback: false,
    prelude: nothing,
    encode: line,
    responseBytes: oneFrame,
  },
  xhr_streaming: {
    method: 'post',
    contentType: script,
    hasCallback: false,
    prelude: () => `${'h'.repeat(2048)}\n`,
    encode: line,
    responseBytes: streamBytes,
  },
  eventsource: {
    method: 'get',
    contentType: 'text/event-stream; charset=UTF-8',
    hasCallback: false,
    prelude: () => '\r\n',
    encode: (frame) => `data: ${robust(frame)}\r\n\r\n`,
    responseBytes: streamBytes,
  },
  htmlfile: {
    method: 'get',
    contentType: 'text/html; charset=UTF-8',
    hasCallback: true,
    prelude: (callback) => htmlFileHead(callback),
    encode: (frame) => `<script>\np(${scriptString(frame)});\n</script>\r\n`,
    responseBytes: streamBytes,
  },
  jsonp: {
    method: 'get',
    contentType: script,
    hasCallback: true,
    prelude: nothing,
    // The comment keeps the callback's name from being the first bytes of a file of another kind ("Rosetta Flash").
    encode: (frame, callback) => `/**/${callback}(${scriptString(frame)});\r\n`,
    responseBytes: oneFrame,
  },
} as const satisfies Record<string, Carrier>

/** A callback's name ends up in a script: no other character may. */
export function isCallbackName(name: string): boolean {
  return /^[\w.-]{1,64}$/.test(name)
}

/** sockjs-protocol 0.3.3, "HtmlFile": some browsers show nothing of a page before its first kilobyte. */
function htmlFileHead(callback: string): string {
  const head = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.${callback};
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`
  return `${head.padEnd(1024)}\r\n\r\n`
}

/** A frame as a string of a script inside a page: no text of a user may end the script element. */
function scriptString(frame: string): string {
  return JSON.stringify(robust(frame)).replaceAll('<', '\\u003c')
}

/**
 * Characters that some browsers lose or stumble over are sent as JSON escapes; outside of ASCII a frame is all JSON
 * string. sockjs-protocol 0.3.3, "JSONEncoding".
 */
function robust(frame: string): string {
  return frame.replace(
    /[\ud800-\udfff\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
