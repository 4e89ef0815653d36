// What the views with long lists share: a page of items at a time, cut by id, whose filter is in the address.

import { call, query } from '../api.js';
import { filterForm, h, keyed, link } from '../dom.js';
import { t } from '../i18n.js';

const pageSize = 50;

// list is a view of one list of the control API. Items are drawn by draw as children of holder.
export function list({ path, name, filters, controls, holder, around = holder, draw, none, noneMatch, params, go, ...view }) {
	const wanted = Object.fromEntries(filters.map((filter) => [filter, params.get(filter)]));
	const filtered = filters.some((filter) => params.get(filter));
	const before = params.get('before');

	const empty = h('p', { class: 'empty' });
	const older = link(path, t('older'), { rel: 'next', 'data-control': 'older' });
	const pages = h('nav', { 'aria-label': t('pages'), class: 'pages' },
		before && h('span', {}, t('not.newest')),
		before && link(path + query(wanted), t('newest'), { rel: 'prev' }),
		older);

	const filter = filterForm(filtered, path, controls, (values) => go(path + query(values)));

	return {
		...view,
		body: [filter, empty, around, pages],
		async load() {
			const answer = await call('GET', path + query({ ...wanted, before, limit: pageSize }));
			const items = answer[name];
			holder.classList.toggle('newest', !before);
			keyed(holder, items, (item) => item.id, draw);
			around.hidden = items.length === 0;
			empty.hidden = items.length > 0;
			empty.textContent = t(filtered || before ? noneMatch : none);
			older.hidden = items.length < pageSize;
			if (items.length) {
				older.setAttribute('href', link(path + query({ ...wanted, before: items.at(-1).id }), '').getAttribute('href'));
			}
			pages.hidden = !before && older.hidden;
		},
	};
}

// latest is a view of the newest item that matches, which may not be there yet. It asks for a list, in which that is no
// failure.
export function latest({ path, name, wanted, holder, draw, none, ...view }) {
	const empty = h('p', { class: 'empty' });
	return {
		...view,
		body: [empty, holder],
		async load() {
			const items = (await call('GET', path + query({ ...wanted, limit: 1 })))[name];
			keyed(holder, items, (item) => item.id, draw);
			empty.hidden = items.length > 0;
			holder.hidden = items.length === 0;
			empty.textContent = t(none);
		},
	};
}

// one is a view of the item with an id.
export const one = ({ path, holder, draw, ...view }) => ({
	...view,
	body: [holder],
	async load() {
		const item = await call('GET', path);
		keyed(holder, [item], ({ id }) => id, draw);
	},
});
