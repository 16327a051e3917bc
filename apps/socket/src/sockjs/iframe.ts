/**
 * The page, and the script in it, by which a page of another origin reaches us in browsers that know no other way.
 * sockjs-protocol 0.3.3, "IframePage". The script is the public client, served by ourselves: what runs in our origin
 * does not come from a third party.
 */
import { createHash } from 'node:crypto'
import clientScript from 'sockjs-client/dist/sockjs.min.js' with { type: 'text' }

export type Page = { name: RegExp; contentType: string; etag: string; body: string }

const scriptName = `sockjs-${digest(clientScript).slice(0, 12)}.min.js`

const iframeBody = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script>
    document.domain = document.domain;
    _sockjs_onload = function(){SockJS.bootstrap_iframe();};
  </script>
  <script src="${scriptName}"></script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`

export const pages: readonly Page[] = [
  page(/^iframe[\w.-]*\.html$/, 'text/html; charset=UTF-8', iframeBody),
  page(new RegExp(`^${scriptName.replaceAll('.', '\\.')}$`), 'application/javascript; charset=UTF-8', clientScript),
]

function page(name: RegExp, contentType: string, body: string): Page {
  return { name, contentType, etag: `"${digest(body)}"`, body }
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
