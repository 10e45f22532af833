/* Words into the page: always as text, never as markup. What has not changed is left alone, so that a button that is
   being pressed, a selection and a scrolled table outlast the next message. */

/** A new element. */
export function make(tag, content, tone) {
  const element = document.createElement(tag);
  element.textContent = content;
  if (tone) element.dataset.tone = tone;
  return element;
}

/** As many children of `root` as there are items, each made once and then only filled: `fill(element, item)`. */
function each(root, tag, items, fill) {
  while (root.children.length > items.length) root.lastElementChild.remove();
  items.forEach((item, n) => fill(root.children[n] ?? root.appendChild(document.createElement(tag)), item));
}

function put(element, content) {
  if (element.textContent !== content) element.textContent = content;
}

function mark(element, name, value) {
  if (value) {
    if (element.dataset[name] !== value) element.dataset[name] = value;
  } else delete element.dataset[name];
}

function button(td, { order, label }) {
  const found = td.firstElementChild ?? td.appendChild(document.createElement('button'));
  found.type = 'button';
  mark(found, 'order', order);
  put(found, label);
}

function cell(td, value) {
  if (value !== null && typeof value === 'object' && 'order' in value) {
    button(td, value);
    return;
  }
  const { text, tone, title } = typeof value === 'object' ? value : { text: value };
  put(td, text);
  mark(td, 'tone', tone);
  if ((title ?? '') !== td.title) td.title = title ?? '';
}

/** A table's heads and rows; without rows it says so. */
export function table(root, heads, rows) {
  if (!root.tHead.rows.length) root.tHead.insertRow();
  each(root.tHead.rows[0], 'th', heads, put);
  const body = root.tBodies[0];
  const none = !rows.length;
  if (none !== (body.dataset.none === 'true')) body.replaceChildren();
  body.dataset.none = String(none);
  each(body, 'tr', none ? [['Nothing yet']] : rows, (line, row) => each(line, 'td', row, cell));
  if (none) {
    body.rows[0].cells[0].colSpan = heads.length;
    body.rows[0].cells[0].dataset.tone = 'soft';
  }
}

/** A row of tiles: {label, value, note, tone}. */
export function tiles(root, all) {
  each(root, 'div', all, (tile, { label, value, note, tone }) => {
    if (!tile.children.length) tile.append(make('h2', ''), make('strong', ''), make('p', ''));
    tile.className = 'tile';
    mark(tile, 'tone', tone);
    [label, value, note].forEach((words, n) => put(tile.children[n], words));
    if (tile.lastElementChild.title !== note) tile.lastElementChild.title = note;
  });
}
