/* Elements from data: texts are never read as markup. */

export const byId = (id) => document.getElementById(id);

/* `attributes` whose names begin with "on" are listeners. */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function table(headings, rows) {
  const head = headings.map((cell) => element('th', { scope: 'col' }, cell));
  const lines = rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell))));
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...lines));
}

let noticeTimer;

/* A line at the bottom, for a while. */
export function notice(text) {
  clearTimeout(noticeTimer);
  byId('notice').textContent = text;
  noticeTimer = setTimeout(() => { byId('notice').textContent = ''; }, 5000);
}

/* Runs `action` with the form's fields and the button's value; what it throws is shown in the form. */
export function onSubmit(form, action) {
  const problem = form.querySelector('.problem');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (problem) problem.textContent = '';
    try {
      await action(Object.fromEntries(new FormData(form)), event.submitter ? event.submitter.value : '');
    } catch (error) {
      if (problem) problem.textContent = error.message;
      else notice(error.message);
    }
  });
}
