// Requests: the list, and one in detail.

import { call } from '../api.js';
import { ago, attempt, button, clockTime, field, h, input, keyed, link, select } from '../dom.js';
import { t } from '../i18n.js';
import { list } from './lists.js';

// outcome is the code that was answered, coloured by what it means.
function outcome(request) {
	if (!request.done) return h('span', { class: 'quiet' }, t('requests.under.way'));
	if (request.http_status === 0) return h('span', { class: 'bad' }, t('requests.dropped'));
	if (!request.code) return h('span', { class: 'bad' }, `HTTP ${request.http_status}`);
	return h('span', { class: request.code === '000' ? 'good' : 'bad' }, request.code);
}

const duration = (request) => (request.done ? `${request.duration_ms.toFixed(1)} ms` : '');

// breakable lets a name break where its words begin, if it has to break.
const breakable = (name) => name.split(/(?=[A-Z])/).map((word) => [h('wbr'), word]);

const draw = (request) => h('tr', {},
	h('td', {}, clockTime(request.at)),
	h('td', { class: 'words' }, link(`/requests/${request.id}`, request.operation ? breakable(request.operation) : t('requests.no.operation'), { 'data-control': 'open' })),
	h('td', { class: 'mono whole' }, outcome(request)),
	h('td', {}, t(request.carried_out ? 'yes' : 'no')),
	h('td', { class: 'wide mono' }, request.mobile),
	h('td', { class: 'wide number' }, duration(request)),
	h('td', { class: 'wide' }, request.fault_id > 0 && String(request.fault_id)));

export function requestList({ params, go, info }) {
	const holder = h('tbody');
	const heading = (key, wide = false) => h('th', { scope: 'col', class: wide && 'wide' }, t(key));
	const table = h('table', {},
		h('thead', {}, h('tr', {},
			heading('requests.at'), heading('requests.operation'), heading('requests.code'), heading('requests.carried'),
			heading('mobile', true), heading('requests.duration', true), heading('requests.fault', true))),
		holder);
	return list({
		title: t('requests.title'),
		on: ['request'],
		every: 2000, // those under way are no event yet
		path: '/requests',
		name: 'requests',
		filters: ['operation', 'code', 'mobile', 'carried_out', 'request_id', 'call_id'],
		controls: [
			field(t('requests.operation'), select('operation', params.get('operation'),
				[['', t('any')], ...info.operations.map((name) => [name, name])])),
			field(t('requests.code'), input('code', params.get('code'))),
			field(t('mobile'), input('mobile', params.get('mobile'), { inputmode: 'tel' })),
			field(t('requests.carried'), select('carried_out', params.get('carried_out'),
				[['', t('any')], ['true', t('yes')], ['false', t('no')]])),
			field('request_id', input('request_id', params.get('request_id'))),
		],
		holder,
		around: table,
		draw,
		none: 'requests.none',
		noneMatch: 'requests.none.match',
		params,
		go,
	});
}

export function oneRequest({ id, params, go }) {
	const holder = h('div');
	const plain = params.get('plain') === 'true';
	const toggle = button(t(plain ? 'requests.masked' : 'requests.plain'), null,
		attempt(() => go(`/requests/${id}${plain ? '' : '?plain=true'}`)), { 'data-control': 'plain' });
	return {
		title: t('requests.one', { id }),
		on: ['request'],
		every: 2000,
		back: ['/requests', t('requests.all')],
		body: [holder],
		async load() {
			const request = await call('GET', `/requests/${id}${plain ? '?plain=true' : ''}`);
			keyed(holder, [request], (item) => item.id, (item) => detail(item, toggle));
		},
	};
}

function detail(request, toggle) {
	const params = Object.entries(request.params);
	return h('div', { class: 'card' },
		facts([
			[t('requests.operation'), request.operation || t('requests.no.operation')],
			[t('requests.path'), h('code', {}, `${request.method} ${request.path}`)],
			[t('requests.at'), [clockTime(request.at), ' · ', ago(request.at)]],
			[t('requests.code'), outcome(request)],
			[t('requests.http'), request.http_status || '–'],
			[t('requests.carried'), [t(request.carried_out ? 'yes' : 'no'), ' ', h('small', {}, t('requests.carried.note'))]],
			[t('requests.duration'), duration(request) || '–'],
			[t('requests.fault'), request.fault_id > 0 ? link('/faults', String(request.fault_id)) : '–'],
			[t('mobile'), request.mobile || '–'],
			['request_id', h('code', {}, request.request_id)],
			['call_id', request.call_id ? h('code', {}, request.call_id) : '–'],
		]),
		h('h2', {}, t('requests.params')),
		params.length ? facts(params.map(([name, value]) => [name, h('code', {}, value)])) : h('p', { class: 'quiet' }, t('requests.empty')),
		params.length > 0 && toggle);
}

export const facts = (rows) => h('dl', {}, rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
