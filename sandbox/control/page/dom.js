// What the views are built from. Text goes into the page as text nodes and attributes alone, so nothing that a request
// brought can become markup.

import { base, now } from './api.js';
import { t, tag } from './i18n.js';

// h makes an element. An attribute that is false, null or undefined is left out; one named on… is a listener.
export function h(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
		else if (value === true) element.setAttribute(key, '');
		else if (value !== false && value != null) element.setAttribute(key, value);
	}
	element.append(...children.flat(Infinity).filter((child) => child !== false && child != null));
	return element;
}

// link leads to another view of this space.
export const link = (to, text, attributes = {}) => h('a', { href: base + to, ...attributes }, text);

const drawn = new WeakMap(); // what an element of keyed shows: {key, json}

// keyed makes parent show items, one element each. What has not changed stays as it is, with its focus and selection.
export function keyed(parent, items, keyOf, draw) {
	const old = new Map([...parent.children].map((child) => [drawn.get(child)?.key, child]));
	const active = document.activeElement;
	const held = [...parent.children].find((child) => child.contains(active));

	const wanted = items.map((item) => {
		const key = keyOf(item);
		const json = JSON.stringify(item);
		const known = old.get(key);
		if (known && drawn.get(known).json === json) return known;
		const element = draw(item);
		drawn.set(element, { key, json });
		return element;
	});
	const kept = new Set(wanted);
	for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
	wanted.forEach((element, i) => {
		if (parent.children[i] !== element) parent.insertBefore(element, parent.children[i] ?? null);
	});

	if (!held || held.isConnected) return;
	// What had the focus is gone: it passes to the same control of what took its place, or to the heading.
	const heir = wanted.find((element) => drawn.get(element).key === drawn.get(held).key);
	const control = heir?.querySelector(`[data-control="${active.dataset.control}"]`);
	(control ?? document.querySelector('h1')).focus();
}

// coalesce returns a function that runs run now, or once more when it has ended and a pause is over.
export function coalesce(run, pause) {
	let running = false;
	let again = false;
	return async () => {
		again = true;
		if (running) return;
		running = true;
		while (again) {
			again = false;
			await run();
			await new Promise((resolve) => setTimeout(resolve, pause));
		}
		running = false;
	};
}

// button has a name of its own for those who do not see what is around it.
export const button = (text, name, onclick, attributes = {}) =>
	h('button', { type: 'button', 'aria-label': name, onclick, ...attributes }, text);

// say has a screen reader read a sentence.
export function say(text) {
	const announcer = document.getElementById('announcer');
	// A sentence that is there already would not be read again.
	announcer.textContent = announcer.textContent === text ? `${text}\u00a0` : text;
}

// copyButton copies text. Where the page is neither https nor on loopback, a browser has only the old way.
export function copyButton(text, what, label = t('copy')) {
	const copy = button(label, t('copy.of', { what }), async () => {
		const done = await (navigator.clipboard?.writeText(text).then(() => true, () => false) ?? copyOldWay(text));
		copy.textContent = t(done ? 'copied' : 'copy.failed');
		say(done ? t('copied.of', { what }) : t('copy.failed'));
		setTimeout(() => { copy.textContent = label; }, 2000);
	}, { class: 'copy', 'data-control': `copy ${what}` });
	return copy;
}

function copyOldWay(text) {
	const area = h('textarea', { class: 'unseen' });
	area.value = text;
	const focused = document.activeElement;
	document.body.append(area);
	area.select();
	const done = document.execCommand('copy');
	area.remove();
	focused.focus();
	return done;
}

// filterForm is a form that is out of the way until it is wanted.
export const filterForm = (open, to, controls, action) => h('details', { open },
	h('summary', {}, t('filter')),
	form({ role: 'search', class: 'row' }, [
		controls,
		h('button', { type: 'submit' }, t('filter.apply')),
		open && link(to, t('filter.clear'), { class: 'button' }),
	], action));

let fields = 0;

// field is a labelled control, with a note below it.
export function field(label, control, note) {
	const id = `field-${++fields}`;
	control.id = id;
	if (note) control.setAttribute('aria-describedby', `${id}-note`);
	return h('div', { class: 'field' },
		h('label', { for: id }, label),
		control,
		note && h('small', { id: `${id}-note` }, note));
}

// The values that controls begin with are attributes, so that a form that is reset goes back to them.

export const input = (name, value, attributes = {}) =>
	h('input', { name, value, autocomplete: 'off', spellcheck: 'false', ...attributes });

export const select = (name, value, options) =>
	h('select', { name }, options.map(([of, text]) => h('option', { value: of, selected: of === value }, text)));

export const textarea = (name, value = '') =>
	h('textarea', { name, rows: '4', autocomplete: 'off', spellcheck: 'false' }, value);

// form hands the values of its controls to action, and shows why that failed if it did.
export function form(attributes, controls, action) {
	const problem = h('p', { class: 'problem', role: 'alert' });
	return h('form', {
		...attributes,
		onsubmit: async (event) => {
			event.preventDefault();
			problem.textContent = '';
			try {
				await action(Object.fromEntries(new FormData(event.target)), event.target);
				if (attributes.role !== 'search') say(t('done'));
			} catch (failure) {
				problem.textContent = explain(failure);
			}
		},
	}, controls, problem);
}

// explain says what went wrong, in the sandbox's words if it has said something.
export function explain(failure) {
	return t('failed', { why: failure instanceof TypeError ? t('unreachable') : failure.message });
}

// attempt runs what a button does, and shows why that failed if it did.
export const attempt = (action) => async () => {
	const problem = document.getElementById('problem');
	problem.textContent = '';
	try {
		await action();
		say(t('done'));
	} catch (failure) {
		problem.textContent = explain(failure);
	}
};

// ask has a person confirm.
export function ask(text, yes) {
	return new Promise((resolve) => {
		const dialog = h('dialog', { 'aria-labelledby': 'ask' },
			h('p', { id: 'ask' }, text),
			h('div', { class: 'row' },
				h('button', { type: 'button', class: 'danger', onclick: () => dialog.close('yes') }, yes),
				h('button', { type: 'button', autofocus: true, onclick: () => dialog.close() }, t('cancel'))));
		dialog.addEventListener('close', () => {
			dialog.remove();
			resolve(dialog.returnValue === 'yes');
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}

// Times. Those that are shown go with the sandbox's clock; tick keeps them right.

// To make a format takes long.
const formats = new Map();

function formatOf(Kind, options) {
	const key = `${Kind.name} ${tag()} ${JSON.stringify(options)}`;
	if (!formats.has(key)) formats.set(key, new Kind(tag(), options));
	return formats.get(key);
}

const formatted = (date, options) => formatOf(Intl.DateTimeFormat, options).format(date);
const timeOfDay = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };

export const fullTime = (date) => formatted(date, { dateStyle: 'medium', timeStyle: 'medium' });

// clockTime is the time of day, with the date unless it is today.
export function clockTime(text) {
	const date = new Date(text);
	const today = date.toDateString() === new Date(now()).toDateString();
	return h('time', { datetime: text, title: fullTime(date) },
		today ? formatted(date, timeOfDay) : formatted(date, { month: 'short', day: 'numeric', ...timeOfDay }));
}

// ago is how long ago a time was.
export function ago(text) {
	const element = h('time', { class: 'ago', datetime: text, 'data-ago': text });
	tickOne(element);
	return element;
}

// left is how long it is until a time, in the words of t(key).
export function left(text, key) {
	const element = h('span', { 'data-until': text, 'data-key': key });
	tickOne(element);
	return element;
}

function tickOne(element) {
	const { ago: since, until, key } = element.dataset;
	if (since) element.textContent = relative((Date.parse(since) - now()) / 1000);
	if (until) element.textContent = t(key, { time: minutes((Date.parse(until) - now()) / 1000) });
	if ('now' in element.dataset) element.textContent = t('settings.now', { time: fullTime(new Date(now())) });
}

export function tick() {
	for (const element of document.querySelectorAll('[data-ago], [data-until], [data-now]')) tickOne(element);
}

function relative(seconds) {
	const format = formatOf(Intl.RelativeTimeFormat, { numeric: 'auto' });
	for (const [unit, length] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
		if (seconds <= -length) return format.format(Math.ceil(seconds / length), unit);
	}
	return format.format(Math.min(0, Math.round(seconds)), 'second');
}

function minutes(seconds) {
	const whole = Math.max(0, Math.floor(seconds));
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
