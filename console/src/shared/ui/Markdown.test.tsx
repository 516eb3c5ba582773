import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";

import { Markdown } from "@/shared/ui/Markdown";

/** The text as HTML, without classes. */
function html(text: string): string {
  return renderToStaticMarkup(<Markdown text={text} />)
    .replace(/ class="[^"]*"/g, "")
    .replace(/^<div>|<\/div>$/g, "");
}

describe("Markdown", () => {
  it.each([
    ["# One\n\n## Two", "<h3>One</h3><h4>Two</h4>"],
    ["a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e</code></p>"],
    ["- a\n- b\n  1. c", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>"],
    ["3. a", '<ol start="3"><li>a</li></ol>'],
    ["> a\n\n---", "<blockquote><p>a</p></blockquote><hr/>"],
    ["```js\n<b>\n```", '<pre tabindex="0">&lt;b&gt;\n</pre>'],
    [
      "|a|b|\n|-|-|\n|1|2|",
      "<div><table><thead><tr><th>a</th><th>b</th></tr></thead>" +
        "<tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>",
    ],
    [
      "[a](https://example.com)",
      '<p><a href="https://example.com" target="_blank" rel="noopener noreferrer nofollow">a</a></p>',
    ],
  ])("renders %j", (text, wanted) => {
    expect(html(text)).toBe(wanted);
  });

  it.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <b onclick=alert(1)>b</b>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java&#115;cript:alert(1))",
    "[a](&#x6A;avascript:alert(1))",
    "[a](data:text/html,x)",
    "[a](vbscript:x)",
    "[a](//example.com)",
    "[a](/api/v1/session)",
    "[a][b]\n\n[b]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![a](data:image/png;base64,AAAA)",
    "|a|\n|-|\n|<script>x</script>|",
    "```<script>\n</pre><script>alert(1)</script>\n```",
  ])("shows %j as text", (text) => {
    const found = html(text);
    expect(found).not.toMatch(/<(script|img|b|iframe|a)[ >]/);
  });

  it("shows an image as a link to it", () => {
    expect(html("![a](https://example.com/a.png)")).toMatch(/^<p>!<a href="https:.*>a<\/a><\/p>$/);
  });

  it.each([
    "> ".repeat(20_000),
    "[".repeat(50_000),
    "_a".repeat(25_000),
    `${"a.".repeat(25_000)}@`,
  ])("is quick on a text made to be slow", (text) => {
    const started = performance.now();
    html(text);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
