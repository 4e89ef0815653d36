// Faults: those under order, and a form that orders one or changes one.

import { call } from '../api.js';
import { attempt, button, field, form, h, input, keyed, link, select, textarea } from '../dom.js';
import { has, t } from '../i18n.js';

const presetName = (preset) => (has(preset) ? t(preset) : preset);

// strike is what hits: the name of a preset, or one of drop, body, code, http_status and delay.
function strike(fault) {
	if (fault.preset) return fault.preset;
	if (fault.body_base64) return 'body';
	return ['drop', 'body', 'code', 'http_status'].find((name) => fault[name]) ?? 'delay';
}

function strikeName(fault) {
	const status = fault.http_status ? ` · HTTP ${fault.http_status}` : '';
	switch (strike(fault)) {
	case 'drop': return t('faults.drop');
	case 'body': return t('faults.body') + status;
	case 'code': return `${t('faults.code')}: ${fault.code} ${fault.msg ?? ''}${status}`;
	case 'http_status': return `HTTP ${fault.http_status}`;
	case 'delay': return t('faults.slow');
	default: return presetName(fault.preset);
	}
}

function draw(ordered, load) {
	const { id, fired, active, fault } = ordered;
	const delay = [fault.delay ?? (fault.max_delay && '0s'), fault.max_delay].filter(Boolean).join(' – ');
	const details = [
		t(fault.after ? 'faults.after.short' : 'faults.before.short'),
		fault.share && t('faults.share.short', { n: fault.share }),
		delay && t('faults.delay.short', { delay }),
		fault.times ? t('faults.fired.of', { n: fired, times: fault.times }) : t('faults.fired', { n: fired }),
	].filter(Boolean);
	return h('li', { class: active ? 'card fault' : 'card fault spent' },
		h('h2', {}, fault.operation || t('faults.every'), ' ',
			h('span', { class: active ? 'tag on' : 'tag' }, t(active ? 'faults.active' : 'faults.spent'))),
		h('p', {}, strikeName(fault)),
		h('p', { class: 'quiet' }, details.join(' · ')),
		h('p', { class: 'row' },
			active && button(t('faults.off'), t('faults.off.of', { id }), attempt(async () => {
				await call('DELETE', `/faults/${id}`);
				await load();
			}), { 'data-control': 'off' }),
			active && !fault.body_base64 &&
				link(`/faults?change=${id}`, t('faults.change'), { 'aria-label': t('faults.change.of', { id }), class: 'button', 'data-control': 'change' }),
			!active && button(t('faults.again'), t('faults.again.of', { id }), attempt(async () => {
				await call('POST', '/faults', fault);
				await call('DELETE', `/faults/${id}`);
				await load();
			}), { 'data-control': 'again' })));
}

export function faultList({ params, go, info }) {
	const change = params.get('change');
	const holder = h('ol', { class: 'list' });
	const empty = h('p', { class: 'empty' }, t('faults.none'));
	const allOff = button(t('faults.all.off'), null, attempt(async () => {
		await call('DELETE', '/faults');
		await view.load();
	}));
	const order = h('div');

	const view = {
		title: t('faults.title'),
		on: ['request', 'faults'],
		body: [empty, holder, h('p', {}, allOff), order],
		async load() {
			const { faults } = await call('GET', '/faults');
			keyed(holder, faults, (ordered) => ordered.id, (ordered) => draw(ordered, view.load));
			empty.hidden = faults.length > 0;
			holder.hidden = faults.length === 0;
			allOff.hidden = faults.length < 2;
			if (order.firstChild) return;
			const changed = faults.find((ordered) => String(ordered.id) === change);
			order.append(orderForm({ info, changed, done: () => (changed ? go('/faults') : view.load()) }));
		},
	};
	return view;
}

function orderForm({ info, changed, done }) {
	const fault = changed?.fault ?? {};

	const what = select('what', changed ? strike(fault) : 'drop', [
		['drop', t('faults.drop')],
		['code', t('faults.code')],
		...info.presets.map((preset) => [preset, presetName(preset)]),
		['http_status', t('faults.status')],
		['body', t('faults.body')],
		['delay', t('faults.slow')],
	]);
	// Which fields there are depends on what happens.
	const only = {
		code: field(t('requests.code'), input('code', fault.code ?? '500', { required: true })),
		msg: field(t('faults.msg'), input('msg', fault.msg)),
		body: field(t('faults.body.text'), textarea('body', fault.body)),
		status: field(t('requests.http'), input('http_status', fault.http_status, { inputmode: 'numeric' })),
	};
	const needs = { code: ['code', 'msg', 'status'], http_status: ['status'], body: ['body', 'status'] };
	const fit = () => {
		for (const [name, element] of Object.entries(only)) {
			const needed = needs[what.value]?.includes(name) ?? false;
			element.hidden = !needed;
			element.querySelector('input, textarea').disabled = !needed;
		}
	};
	what.addEventListener('change', fit);
	fit();

	const header = Object.entries(fault.header ?? {}).map(([name, value]) => `${name}: ${value}`).join('\n');
	const more = ['share', 'max_delay', 'header'].some((name) => fault[name]);

	return form({ class: 'card', id: 'order' }, [
		h('h2', {}, changed ? t('faults.changing', { id: changed.id }) : t('faults.order')),
		h('div', { class: 'row' },
			field(t('faults.operation'), select('operation', fault.operation, [['', t('faults.every')], ...info.operations.map((name) => [name, name])])),
			field(t('faults.what'), what),
			only.code, only.msg, only.status, only.body),
		h('div', { class: 'row' },
			field(t('faults.when'), select('after', fault.after ? 'true' : '', [['', t('faults.before')], ['true', t('faults.after')]]), t('faults.when.note')),
			field(t('faults.times'), input('times', changed ? fault.times : '1', { inputmode: 'numeric' }), t('faults.times.note')),
			field(t('faults.delay'), input('delay', fault.delay), t('faults.delay.note'))),
		h('details', { open: more },
			h('summary', {}, t('faults.more')),
			h('div', { class: 'row' },
				field(t('faults.max.delay'), input('max_delay', fault.max_delay), t('faults.max.delay.note')),
				field(t('faults.share'), input('share', fault.share, { inputmode: 'numeric' }), t('faults.share.note')),
				field(t('faults.header'), textarea('header', header), t('faults.header.note')))),
		h('p', { class: 'row' },
			h('button', { type: 'submit', class: 'main' }, t(changed ? 'faults.save' : 'faults.submit')),
			changed && link('/faults', t('cancel'), { class: 'button' })),
	], async (values, element) => {
		const wanted = read(values, info.presets);
		if (changed) await call('PUT', `/faults/${changed.id}`, wanted);
		else await call('POST', '/faults', wanted);
		element.reset();
		fit();
		await done();
	});
}

// read makes a fault of what a form holds. What is wrong with it the sandbox says.
function read(values, presets) {
	const number = (text) => (/^\d+$/.test(text) ? Number(text) : text);
	const { what, after, header } = values;
	const fault = {
		operation: values.operation,
		times: number(values.times),
		share: number(values.share),
		after: after === 'true',
		delay: values.delay,
		max_delay: values.max_delay,
		drop: what === 'drop',
		preset: presets.includes(what) ? what : '',
		code: values.code,
		msg: values.msg,
		http_status: number(values.http_status ?? ''),
		body: values.body,
		header: readHeader(header),
	};
	return Object.fromEntries(Object.entries(fault).filter(([, value]) => value));
}

function readHeader(text) {
	const lines = text.split('\n').filter((line) => line.trim());
	if (!lines.length) return null;
	return Object.fromEntries(lines.map((line) => {
		const [name, ...value] = line.split(':');
		return [name.trim(), value.join(':').trim()];
	}));
}
