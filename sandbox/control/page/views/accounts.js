// Accounts: look one up, add, remove.

import { call, query } from '../api.js';
import { ask, attempt, button, field, filterForm, form, h, input, keyed } from '../dom.js';
import { t } from '../i18n.js';

const most = 100;

export function accountList({ params, go }) {
	const name = params.get('name');
	const holder = h('ol', { class: 'list' });
	const empty = h('p', { class: 'empty' }, t(name ? 'accounts.none.match' : 'accounts.none'));

	const draw = (account) => {
		const names = [account.username, account.email, account.mobile].filter(Boolean);
		return h('li', { class: 'card wide-row' },
			h('h2', {}, names[0], ' ',
				h('span', { class: account.activated ? 'tag on' : 'tag' }, t(account.activated ? 'accounts.activated' : 'accounts.not.activated'))),
			h('p', {}, names.slice(1).join(' · '), h('br'), h('code', { class: 'quiet' }, account.open_id)),
			h('p', {}, button(t('remove'), t('remove.of', { what: names[0] }), attempt(async () => {
				if (!await ask(t('accounts.remove', { name: names[0] }), t('remove'))) return;
				await call('DELETE', `/accounts/${encodeURIComponent(account.open_id)}`);
				await view.load();
			}), { 'data-control': 'remove' })));
	};

	const filter = filterForm(Boolean(name), '/accounts', field(t('accounts.name'), input('name', name)),
		(values) => go(`/accounts${query(values)}`));

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
		body: [filter, empty, holder, add],
		async load() {
			const { accounts } = await call('GET', `/accounts${query({ name, limit: most })}`);
			keyed(holder, accounts, (account) => account.open_id, draw);
			holder.hidden = accounts.length === 0;
			empty.hidden = accounts.length > 0;
		},
	};
	return view;
}
