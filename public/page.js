// What pages do better with a script; each works without it.

// Copies the text that a button names.
for (const button of document.querySelectorAll('button[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = 'Copied';
  });
}

// Follows a run while it goes on; its end is another page.
const progress = document.querySelector('[data-events]');
if (progress !== null) {
  const bar = progress.querySelector('progress');
  const words = progress.querySelector('[role=status]');
  const events = new EventSource(progress.dataset.events);
  events.addEventListener('progress', ({ data }) => {
    const status = JSON.parse(data);
    words.textContent = status.words;
    if (status.total > 0) {
      bar.max = status.total;
      bar.value = status.done;
    } else bar.removeAttribute('value');
  });
  events.addEventListener('over', () => {
    events.close();
    location.reload();
  });
}
