// Settings: the clock, spaces, clients, tokens, the state as a whole, and what this sandbox is.

import { base, call, readClock } from '../api.js';
import { ago, ask, attempt, button, clockTime, copyButton, explain, field, form, h, input, keyed, tick } from '../dom.js';
import { has, t } from '../i18n.js';
import { facts } from './requests.js';

export function settings({ info }) {
	const sections = [clock(), spaces(), clients(), tokens(), state(), about(info)];
	return {
		title: t('settings.title'),
		on: ['clock', 'clients', 'tokens', 'request'],
		body: sections.map((section) => section.body),
		load: () => Promise.all(sections.map((section) => section.load?.())),
	};
}

const section = (id, note, ...children) => h('section', { class: 'card', 'aria-labelledby': id },
	h('h2', { id, tabindex: '-1' }, t(`settings.${id}`)),
	note && h('p', { class: 'quiet' }, t(note)),
	children);

function clock() {
	const ahead = h('span', { class: 'tag' });
	const load = async () => {
		const { advanced } = await readClock();
		ahead.hidden = advanced === '0s' || advanced === '0';
		ahead.textContent = t('settings.ahead', { by: advanced });
		tick();
	};
	const advance = form({ class: 'row' }, [
		field(t('settings.by'), input('by', '5m', { required: true }), t('settings.by.note')),
		h('button', { type: 'submit' }, t('settings.advance')),
	], async (values) => {
		await call('POST', '/clock/advance', values);
		await load();
	});
	return { body: section('clock', 'settings.clock.note', h('p', {}, h('time', { 'data-now': '' }), ' ', ahead), advance), load };
}

function spaces() {
	const holder = h('ul', { class: 'plain' });
	const home = `${location.origin}${base}`;

	const draw = ({ name, used_at: used }) => {
		const address = name ? `/spaces/${name}` : '';
		return h('li', { class: 'row' },
			h('a', { href: `${address}/sms`, 'data-control': 'open', 'aria-current': address === base && 'true' }, name || t('settings.no.space')),
			address === base && h('span', { class: 'tag on' }, t('settings.here')),
			used && h('span', { class: 'quiet' }, t('settings.used'), ' ', ago(used)),
			// The one that is shown would come back at once.
			name && address !== base && button(t('settings.forget'), t('settings.forget.of', { name }), attempt(async () => {
				if (!await ask(t('settings.forget.sure', { name }), t('settings.forget'))) return;
				await call('DELETE', `/spaces/${name}`, undefined, { root: true });
				await load();
			}), { 'data-control': 'forget' }));
	};
	const load = async () => {
		const { spaces: named } = await call('GET', '/spaces', undefined, { root: true });
		keyed(holder, [{ name: '' }, ...named], ({ name }) => name, draw);
	};
	const open = form({ class: 'row' }, [
		field(t('settings.name'), input('name', '', { required: true, pattern: '[a-z0-9\\-]{1,32}', maxlength: '32' }), t('settings.name.note')),
		h('button', { type: 'submit' }, t('settings.open')),
	], ({ name }) => location.assign(`/spaces/${name}/sms`));

	return {
		body: section('spaces', 'settings.spaces.note',
			h('p', { class: 'row' }, t('settings.base'), h('code', {}, home), copyButton(home, t('settings.base'))),
			holder, open),
		load,
	};
}

function clients() {
	const rows = h('tbody');
	const load = async () => {
		const { clients: known } = await call('GET', '/clients');
		keyed(rows, known, (client) => client.client_id, (client) => h('tr', {},
			h('td', { class: 'mono' }, client.client_id),
			h('td', { class: 'mono' }, client.client_secret),
			h('td', {}, button(t('remove'), t('remove.of', { what: client.client_id }), attempt(async () => {
				await call('DELETE', `/clients/${encodeURIComponent(client.client_id)}`);
				await load();
			}), { 'data-control': 'remove' }))));
	};
	const add = form({ class: 'row' }, [
		field('client_id', input('client_id', '', { required: true, maxlength: '128' })),
		field('client_secret', input('client_secret', '', { required: true, maxlength: '128' })),
		h('button', { type: 'submit' }, t('settings.client.add')),
	], async (values, element) => {
		await call('PUT', `/clients/${encodeURIComponent(values.client_id)}`, { client_secret: values.client_secret });
		element.reset();
		await load();
	});
	return { body: section('clients', 'settings.clients.note', table(['client_id', 'client_secret'], rows), add), load };
}

const table = (names, rows) => h('div', { class: 'scroll' }, h('table', {},
	h('thead', {}, h('tr', {},
		names.map((name) => h('th', { scope: 'col' }, name)),
		h('th', { scope: 'col' }, h('span', { class: 'unseen' }, t('actions'))))),
	rows));

function tokens() {
	const rows = h('tbody');
	const empty = h('p', { class: 'empty' }, t('settings.tokens.none'));
	const shown = table(['kind', 'owner', 'until'].map((key) => t(`settings.tokens.${key}`)), rows);
	const all = button(t('settings.tokens.end.all'), null, attempt(async () => {
		await call('DELETE', '/tokens');
		await load();
	}));
	const load = async () => {
		const { tokens: alive } = await call('GET', '/tokens?limit=50');
		keyed(rows, alive, (token) => token.token, ({ kind, token, owner, expires_at: until }) => {
			const name = has(kind) ? t(kind) : kind;
			return h('tr', {},
				h('td', { title: token }, name),
				h('td', { class: 'mono' }, owner),
				h('td', {}, clockTime(until)),
				h('td', {}, button(t('settings.tokens.end'), t('settings.tokens.end.of', { what: name }), attempt(async () => {
					await call('DELETE', `/tokens/${encodeURIComponent(token)}`);
					await load();
				}), { 'data-control': 'end' })));
		});
		empty.hidden = alive.length > 0;
		shown.hidden = all.hidden = alive.length === 0;
	};
	return { body: section('tokens', 'settings.tokens.note', empty, shown, all), load };
}

function state() {
	const outcome = h('p', { role: 'status' });
	const file = h('input', { type: 'file', name: 'file', accept: '.json,application/json', required: true });
	const restore = form({ class: 'row' }, [
		field(t('settings.import.file'), file),
		h('button', { type: 'submit' }, t('settings.import')),
	], async (values, element) => {
		outcome.textContent = '';
		await call('PUT', '/state', parse(await values.file.text()));
		element.reset();
		outcome.textContent = t('settings.imported');
	});
	const reset = button(t('settings.reset'), null, async () => {
		if (!await ask(t('settings.reset.sure'), t('settings.reset'))) return;
		try {
			await call('POST', '/reset');
			outcome.textContent = t('settings.reset.done');
		} catch (failure) {
			outcome.textContent = explain(failure);
		}
	}, { class: 'danger' });
	return {
		body: section('state', 'settings.state.note',
			h('p', {}, h('a', { class: 'button', href: `${base}/_sandbox/state`, download: 'sandbox-state.json' }, t('settings.export'))),
			restore,
			h('p', { class: 'quiet' }, t('settings.reset.note')),
			reset, outcome),
	};
}

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		throw new Error(t('settings.not.json'));
	}
}

function about(info) {
	const yesNo = (value) => t(value ? 'yes' : 'no');
	return {
		body: section('about', '', facts([
			[t('settings.label'), info.label || '–'],
			[t('settings.version'), info.version],
			[t('settings.status'), yesNo(info.http_status)],
			[t('settings.img.code'), info.img_code || t('settings.chance')],
			[t('settings.sms.code'), info.sms_code || t('settings.chance')],
			[t('settings.one.token'), yesNo(info.one_access_token)],
		])),
	};
}
