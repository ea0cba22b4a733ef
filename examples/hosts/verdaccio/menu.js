/**
 * The item Clusters » DNS Cluster above Verdaccio's pages, for users who may use it. The token of a login comes with scripts only:
 * it is posted once for a cookie, which a page that is opened by a link has.
 */
(() => {
  const PATH = '/clusters/dns';
  const item = document.createElement('nav');
  item.hidden = true;
  item.append('Clusters » ', Object.assign(document.createElement('a'), { href: PATH, textContent: 'DNS Cluster' }));
  document.body.prepend(item);

  let known = null;
  const look = async () => {
    const token = localStorage.getItem('token');
    if (token === known) return;
    known = token;
    item.hidden = true;
    if (token === null) return;
    const headers = { authorization: `Bearer ${token}` };
    const { ok } = await fetch(`${PATH}-login`, { method: 'POST', headers });
    item.hidden = !ok;
  };
  // Verdaccio's pages tell nobody of a login or logout.
  setInterval(look, 500);
  look();
})();
