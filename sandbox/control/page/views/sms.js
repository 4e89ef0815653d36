// SMS: the list, the newest of a phone, and one.

import { query } from '../api.js';
import { ago, clockTime, copyButton, field, h, input, link, select } from '../dom.js';
import { has, t } from '../i18n.js';
import { latest, list, one } from './lists.js';

const types = ['REGISTER', 'LOGIN', 'RESET_PASSWORD'];

export const typeName = (type) => (has(type) ? t(type) : type);

const holder = () => h('ol', { class: 'messages newest' });

function draw(sms) {
	return h('li', { class: 'card message' },
		h('p', { class: 'headline' },
			h('span', { class: 'code' }, sms.code),
			copyButton(sms.code, t('code', { code: sms.code }))),
		h('h2', {}, sms.mobile, ' ', h('span', { class: 'tag' }, typeName(sms.sms_type))),
		h('p', { class: 'quiet' }, link(`/sms/${sms.id}`, clockTime(sms.sent_at), { 'data-control': 'one' }), ' · ', ago(sms.sent_at)),
		h('p', { class: 'links' },
			link(`/sms/latest${query({ mobile: sms.mobile })}`, t('sms.only'), { 'data-control': 'only' }),
			link(`/requests${query({ request_id: sms.request_id })}`, t('request'), { 'data-control': 'request' })));
}

export const smsList = ({ params, go }) => list({
	title: t('sms.title'),
	on: ['sms'],
	path: '/sms',
	name: 'sms',
	filters: ['mobile', 'sms_type'],
	controls: [
		field(t('mobile'), input('mobile', params.get('mobile'), { inputmode: 'tel' })),
		field(t('sms.type'), select('sms_type', params.get('sms_type'), [['', t('any')], ...types.map((type) => [type, t(type)])])),
	],
	holder: holder(),
	draw,
	none: 'sms.none',
	noneMatch: 'sms.none.match',
	params,
	go,
});

export function latestSMS({ params }) {
	const mobile = params.get('mobile');
	return latest({
		title: mobile ? t('sms.latest.of', { mobile }) : t('sms.latest'),
		on: ['sms'],
		back: ['/sms', t('sms.all')],
		path: '/sms',
		name: 'sms',
		wanted: { mobile, sms_type: params.get('sms_type') },
		holder: holder(),
		draw,
		none: 'sms.none.match',
	});
}

export const oneSMS = ({ id }) => one({
	title: t('sms.one', { id }),
	back: ['/sms', t('sms.all')],
	path: `/sms/${id}`,
	holder: holder(),
	draw,
});
