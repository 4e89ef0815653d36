// The page: which view an address shows, what is around it, and how it stays up to date. A view is told nothing but that
// something has happened, and reads its list again: the sandbox's lists are the truth, and events only hints.

import { base, call, listen, readClock } from './api.js';
import { coalesce, explain, h, link, say, tick } from './dom.js';
import { otherTag, switchLanguage, t, tag } from './i18n.js';
import { accountList } from './views/accounts.js';
import { emailList, latestEmail, oneEmail } from './views/emails.js';
import { faultList } from './views/faults.js';
import { numberList } from './views/special_numbers.js';
import { pictureList } from './views/pictures.js';
import { oneRequest, requestList } from './views/requests.js';
import { settings } from './views/settings.js';
import { latestSMS, oneSMS, smsList } from './views/sms.js';

// A view is {title, body}, and what of the rest it has use for:
//   note     a sentence below the title
//   load     reads what is shown; called first when the view is opened
//   on       the events after which it loads again
//   every    loads again after so many milliseconds
//   back     [path, text] of the view that it belongs to
const views = [
	[/^\/(?:sms)?$/, smsList],
	[/^\/sms\/latest$/, latestSMS],
	[/^\/sms\/(\d+)$/, oneSMS],
	[/^\/emails$/, emailList],
	[/^\/emails\/latest$/, latestEmail],
	[/^\/emails\/(\d+)$/, oneEmail],
	[/^\/pictures$/, pictureList],
	[/^\/accounts$/, accountList],
	[/^\/requests$/, requestList],
	[/^\/requests\/(\d+)$/, oneRequest],
	[/^\/faults$/, faultList],
	[/^\/special_numbers$/, numberList],
	[/^\/settings$/, settings],
];

const nowhere = () => ({ title: t('no.page'), body: [] });

const element = (id) => document.getElementById(id);

// Events come in bursts: as often as this, in milliseconds, is a list read again at most.
const pause = 250;

let info;
let view;
let refresh = () => {};
let poll;

function open() {
	const path = location.pathname.slice(base.length) || '/';
	const [pattern, make] = views.find(([of]) => of.test(path)) ?? [/^/, nowhere];
	const opened = make({ id: pattern.exec(path)[1], params: new URLSearchParams(location.search), go, info });
	view = opened;

	const heading = h('h1', { tabindex: '-1' }, opened.title);
	element('main').replaceChildren(
		...[opened.back && h('p', {}, link(opened.back[0], opened.back[1])), heading, opened.note && h('p', { class: 'quiet' }, opened.note)].filter(Boolean),
		h('p', { class: 'problem', id: 'problem', role: 'alert' }),
		...opened.body);
	element('main').toggleAttribute('data-loading', Boolean(opened.load)); // an empty list would say that there is nothing
	document.title = `${opened.title} · ${info.label || t('untitled')}${info.space && ` · ${info.space}`}`;

	for (const anchor of document.querySelectorAll('nav [data-to]')) {
		const current = path === anchor.dataset.to || path.startsWith(`${anchor.dataset.to}/`) || (path === '/' && anchor.dataset.to === '/sms');
		if (current) anchor.setAttribute('aria-current', 'page');
		else anchor.removeAttribute('aria-current');
		if (current) count(anchor, 0);
	}

	refresh = coalesce(() => (view === opened ? load(opened) : null), pause);
	clearInterval(poll);
	if (opened.every) poll = setInterval(() => { if (!document.hidden) refresh(); }, opened.every);
	refresh();
}

async function load(opened) {
	if (!opened.load) return;
	try {
		await opened.load();
		if (view === opened) element('main').removeAttribute('data-loading');
		delete element('main').dataset.failed;
		if (element('problem').dataset.of === 'load') element('problem').textContent = '';
	} catch (failure) {
		element('problem').dataset.of = 'load';
		element('problem').textContent = explain(failure);
	}
}

// go opens another address of the page, and takes the focus there as a new document would.
function go(to) {
	history.pushState(null, '', base + to);
	open();
	arrive();
}

function arrive() {
	const target = location.hash ? element(location.hash.slice(1)) : null;
	(target ?? document.querySelector('h1')).focus();
	if (!target) scrollTo(0, 0);
}

// Links between views need no new document; everything else a browser does itself.
document.addEventListener('click', (event) => {
	const anchor = event.target.closest('a[href]');
	if (!anchor || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
	const url = new URL(anchor.href);
	if (anchor.hasAttribute('download') || anchor.classList.contains('skip')) return;
	const own = url.pathname.startsWith(`${base}/`) ? url.pathname.slice(base.length) : '';
	if (url.origin !== location.origin || !views.some(([of]) => of.test(own))) return;
	event.preventDefault();
	go(own + url.search + url.hash);
});
addEventListener('popstate', open);

function dress() {
	document.documentElement.lang = tag();
	for (const part of document.querySelectorAll('[data-t]')) part.textContent = t(part.dataset.t);
	for (const part of document.querySelectorAll('[data-label]')) part.setAttribute('aria-label', t(part.dataset.label));
	for (const part of document.querySelectorAll('[data-to]')) part.setAttribute('href', base + part.dataset.to);
	for (const part of document.querySelectorAll('[data-count]')) count(part, Number(part.dataset.count));
	element('label').textContent = info.label || t('untitled');
	element('space').textContent = info.space ? t('space', { name: info.space }) : t('space.none');
	element('language').textContent = t('language');
	element('language').lang = otherTag();
	showStream();
}

element('language').addEventListener('click', () => {
	switchLanguage();
	dress();
	showClock();
	open();
});

// The stream.

let streamState = 'opening';

function showStream() {
	const text = t(`stream.${streamState}`);
	if (element('stream').textContent !== text) element('stream').textContent = text;
	element('stream').dataset.state = streamState;
}

function onState(state) {
	// Between two attempts it stays broken: a warning that flickers helps nobody.
	if (state === 'opening' && streamState === 'broken') return;
	streamState = state;
	showStream();
	element('broken').hidden = state !== 'broken';
	element('broken-text').textContent = state === 'broken' ? t('stream.lost') : '';
	if (state !== 'live') return;
	// What happened before the stream is in the lists.
	showClock();
	refresh();
}

function onEvent(type, data) {
	if (type === 'sms') arrived('/sms', t('sms.new', data), 'sms.new.many');
	if (type === 'email') arrived('/emails', t('emails.new', data), 'emails.new.many');
	const what = type === 'changed' ? data.what : type;
	if (['clock', 'everything', 'missed'].includes(what)) showClock();
	if (what === 'everything' || what === 'missed' || view?.on?.includes(what)) refresh();
}

// What has arrived is said once, however many there were, and counted at the view where it can be seen.
const news = new Map();

function arrived(to, text, many) {
	const anchor = document.querySelector(`nav [data-to="${to}"]`);
	if (!anchor.hasAttribute('aria-current')) count(anchor, Number(anchor.dataset.count ?? 0) + 1);
	if (news.size === 0) setTimeout(tell, 300);
	news.set(to, { text, many, n: (news.get(to)?.n ?? 0) + 1 });
}

function tell() {
	say([...news.values()].map(({ text, many, n }) => (n === 1 ? text : t(many, { n }))).join(' '));
	news.clear();
}

function count(anchor, n) {
	anchor.dataset.count = n;
	anchor.querySelector('.count')?.remove();
	if (n === 0) return;
	anchor.append(h('span', { class: 'count' },
		h('span', { 'aria-hidden': 'true' }, n > 99 ? '99+' : String(n)),
		h('span', { class: 'unseen' }, t('nav.new', { n }))));
}

async function showClock() {
	try {
		const { advanced } = await readClock();
		element('clock').hidden = /^0s?$/.test(advanced);
		element('clock').textContent = t('clock.ahead', { by: advanced });
		tick();
	} catch {
		// The stream says that the sandbox cannot be reached.
	}
}

async function start() {
	for (;;) {
		try {
			info = await call('GET', '/info');
			break;
		} catch (failure) {
			document.documentElement.lang = tag();
			element('main').replaceChildren(h('h1', {}, t('untitled')), h('p', { class: 'problem', role: 'alert' }, explain(failure)));
			await new Promise((resolve) => setTimeout(resolve, 2000));
		}
	}
	dress();
	open();
	if (location.hash) arrive();
	element('retry').addEventListener('click', listen({ onState, onEvent }).retry);
	setInterval(tick, 1000);
}

start();
