/** The style of the reference page, in the reader's own fonts and light or dark scheme. It loads nothing. */
export const style = `
:root{color-scheme:light dark;--line:light-dark(#d9dee5,#333b46);--soft:light-dark(#f4f6f8,#1b2129);--text:light-dark(#1d242c,#dfe5ec);--quiet:light-dark(#5b6672,#98a4b1);--link:light-dark(#0b5cad,#74b3f5);--change:light-dark(#8a5200,#f0b860);--danger:light-dark(#b3261e,#ff8a80);--back:light-dark(#fff,#12161b)}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:1rem;background:var(--back);color:var(--text)}
body{margin:0 auto;max-width:78rem;padding:1.5rem;font:1rem/1.55 system-ui,sans-serif;display:grid;grid-template-columns:17rem minmax(0,1fr);gap:0 2.5rem}
header{grid-column:1/-1;border-bottom:1px solid var(--line);margin-bottom:1.5rem}
h1{margin:0;font-size:1.8rem}header p{margin:.2rem 0 1.2rem;color:var(--quiet)}
h2{margin:0 0 .6rem;font-size:1.25rem;overflow-wrap:anywhere}h3{margin:1.4rem 0 .5rem;font-size:1rem}
small{font-size:.8rem;font-weight:400;white-space:nowrap}
.read{color:var(--link)}.write{color:var(--change)}.destroy{color:var(--danger)}
.method{display:inline-block;min-width:4.5rem;margin-right:.3rem;padding:0 .4rem;border:1px solid;border-radius:4px;font-size:.78rem;line-height:1.5;text-align:center;letter-spacing:.03em;vertical-align:.1em}
.method.destroy{background:var(--danger);border-color:var(--danger);color:var(--back)}
nav{position:sticky;top:1rem;align-self:start;font-size:.92rem}
nav ul{list-style:none;margin:0;padding:0}nav a{display:block;padding:.25rem 0;color:inherit;text-decoration:none;overflow-wrap:anywhere}nav a:hover{text-decoration:underline}
a{color:var(--link)}i{color:var(--quiet);font-size:.88em}
section{padding-bottom:1.5rem;margin-bottom:1.5rem;border-bottom:1px solid var(--line)}section:last-child{border:0}
section>:first-child{margin-top:0}section>ul{padding-left:1.2rem}li{margin:.2rem 0}
code,pre{font:.88em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
:is(p,li,td:last-child)>code{background:var(--soft);border-radius:3px;padding:.05em .25em}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.8rem 1rem;margin:.8rem 0;white-space:pre-wrap}pre code{font-size:1em}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th{text-align:left;color:var(--quiet);font-weight:600}th,td{padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}td:first-child,td>code[id]{white-space:nowrap}td:last-child{width:58%}:target{background:light-dark(#fff3bf,#4d4210);border-radius:3px}section:target{background:none}
.codes a{display:inline-block;margin:0 .7rem .2rem 0;font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(max-width:46rem){body{display:block;padding:1rem}nav{position:static;margin-bottom:1.5rem;padding-bottom:1rem;border-bottom:1px solid var(--line)}
thead{display:none}tr{display:block;padding:.55rem 0;border-bottom:1px solid var(--line)}tr:last-child{border:0}
td{display:inline;padding:0 .6rem 0 0;border:0;overflow-wrap:anywhere}td:first-child{white-space:normal}td:nth-child(n+2):not(:last-child){color:var(--quiet);font-size:.88em}td:last-child{display:block;width:auto}td:empty{display:none}}
`;
