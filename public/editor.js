// Moves the cursor to the place of a finding in the text area. Without this script the link leads to the text area.
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[data-line]') : null;
  const area = document.querySelector('textarea#text');
  if (link === null || area === null) return;
  event.preventDefault();
  const lines = area.value.split('\n');
  const line = Math.min(Number(link.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const column = Math.max(0, Math.min(Number(link.dataset.column) - 1, lines[line - 1].length));
  area.focus();
  area.setSelectionRange(start + column, start + lines[line - 1].length);
  const height = area.scrollHeight / lines.length;
  area.scrollTop = Math.max(0, (line - 4) * height);
});
