// Accounts: look one up, add, remove.

import { call, query } from '../api.js';
import { ask, attempt, button, field, form, h, input, keyed, link } from '../dom.js';
import { t } from '../i18n.js';

const most = 100;

export function accountList({ params, go }) {
	const name = params.get('name');
	const rows = h('tbody');
	const table = h('table', {},
		h('thead', {}, h('tr', {},
			['username', 'email', 'mobile', 'accounts.activated'].map((key) => h('th', { scope: 'col' }, t(key))),
			h('th', { scope: 'col', class: 'wide' }, 'open_id'),
			h('th', { scope: 'col' }, h('span', { class: 'unseen' }, t('actions'))))),
		rows);
	const empty = h('p', { class: 'empty' }, t(name ? 'accounts.none.match' : 'accounts.none'));

	const draw = (account) => {
		const called = account.username || account.email || account.mobile;
		return h('tr', {},
			h('td', {}, account.username),
			h('td', {}, account.email),
			h('td', {}, account.mobile),
			h('td', {}, t(account.activated ? 'yes' : 'no')),
			h('td', { class: 'wide mono' }, account.open_id),
			h('td', {}, button(t('remove'), t('remove.of', { what: called }), attempt(async () => {
				if (!await ask(t('accounts.remove', { name: called }), t('remove'))) return;
				await call('DELETE', `/accounts/${encodeURIComponent(account.open_id)}`);
				await view.load();
			}), { 'data-control': 'remove' })));
	};

	const filter = form({ role: 'search', class: 'row' }, [
		field(t('accounts.name'), input('name', name)),
		h('button', { type: 'submit' }, t('filter')),
		name && link('/accounts', t('filter.clear'), { class: 'button' }),
	], (values) => go(`/accounts${query(values)}`));

	const add = form({ class: 'card' }, [
		h('h2', {}, t('accounts.add')),
		h('p', { class: 'quiet' }, t('accounts.add.note')),
		h('div', { class: 'row' },
			field(t('username'), input('username')),
			field(t('email'), input('email', '', { inputmode: 'email' })),
			field(t('mobile'), input('mobile', '', { inputmode: 'tel' })),
			// Seen while it is typed: it is nobody's secret, and none may be used here that is.
			field(t('password'), input('password')),
			h('button', { type: 'submit', class: 'main' }, t('accounts.submit'))),
	], async (values, element) => {
		await call('POST', '/accounts', Object.fromEntries(Object.entries(values).filter(([, value]) => value)));
		element.reset();
		await view.load();
	});

	const view = {
		title: t('accounts.title'),
		on: ['request', 'accounts'],
		body: [filter, empty, h('div', { class: 'scroll' }, table), add],
		async load() {
			const { accounts } = await call('GET', `/accounts${query({ name, limit: most })}`);
			keyed(rows, accounts, (account) => account.open_id, draw);
			table.hidden = accounts.length === 0;
			empty.hidden = accounts.length > 0;
		},
	};
	return view;
}
