// Special numbers: the documented ones to switch, and further ones.

import { call } from '../api.js';
import { attempt, button, copyButton, field, form, h, input, keyed, select } from '../dom.js';
import { has, t } from '../i18n.js';

// The numbers that are special at the start.
const documented = [
	{ mobile: '19900000001', kind: 'throttled' },
	{ mobile: '19900000002', kind: 'wrong_code' },
	{ mobile: '19900000003', kind: 'answer_lost' },
	{ mobile: '19900000004', kind: 'timeout' },
	{ mobile: '19900000005', kind: 'bad_gateway' },
	{ mobile: '19900000006', kind: 'fixed_code', sms_code: '8888' },
];

const kindName = (kind) => (has(kind) ? t(kind) : kind);

const path = (mobile) => `/special_numbers/${encodeURIComponent(mobile)}`;

function draw(number, load) {
	const { mobile, kind, sms_code: code, off } = number;
	const known = documented.some((one) => one.mobile === mobile);
	const set = attempt(async () => {
		if (off) await call('PUT', path(mobile), { kind, sms_code: code });
		else await call('DELETE', path(mobile));
		await load();
	});
	return h('li', { class: off ? 'card wide-row spent' : 'card wide-row' },
		h('h2', { class: 'mono' }, mobile),
		h('p', {}, h('strong', {}, kindName(kind)), h('br'),
			h('span', { class: 'quiet' }, has(`${kind}.note`) && t(`${kind}.note`, { code }))),
		h('p', { class: 'row' },
			copyButton(mobile, mobile),
			known
				? h('button', { type: 'button', role: 'switch', 'aria-checked': String(!off), 'aria-label': `${mobile} ${kindName(kind)}`, onclick: set, 'data-control': 'switch' },
					t(off ? 'numbers.is.off' : 'faults.active'))
				: button(t('remove'), t('remove.of', { what: mobile }), set, { 'data-control': 'switch' })));
}

export function numberList({ info }) {
	const holder = h('ol', { class: 'list' });

	const kind = select('kind', '', info.special_kinds.map((name) => [name, kindName(name)]));
	const code = field(t('numbers.code'), input('sms_code', '8888', { maxlength: '4', required: true }));
	const fit = () => {
		code.hidden = kind.value !== 'fixed_code';
		code.querySelector('input').disabled = code.hidden;
	};
	kind.addEventListener('change', fit);
	fit();

	const add = form({ class: 'card' }, [
		h('h2', {}, t('numbers.add')),
		h('div', { class: 'row' },
			field(t('mobile'), input('mobile', '', { inputmode: 'tel', required: true })),
			field(t('numbers.kind'), kind),
			code,
			h('button', { type: 'submit', class: 'main' }, t('numbers.submit'))),
	], async ({ mobile, ...special }, element) => {
		await call('PUT', path(mobile), special);
		element.reset();
		fit();
		await view.load();
	});

	const view = {
		title: t('numbers.title'),
		note: t('numbers.note'),
		on: ['special_numbers'],
		body: [holder, add],
		async load() {
			const { special_numbers: special } = await call('GET', '/special_numbers');
			const off = documented.filter((one) => !special.some((number) => number.mobile === one.mobile));
			const all = [...special, ...off.map((number) => ({ ...number, off: true }))];
			all.sort((a, b) => (a.mobile < b.mobile ? -1 : 1));
			keyed(holder, all, (number) => number.mobile, (number) => draw(number, view.load));
		},
	};
	return view;
}
