// E-mails: the list, the newest of an address, and one.

import { query } from '../api.js';
import { ago, clockTime, copyButton, explain, field, h, input, link } from '../dom.js';
import { t } from '../i18n.js';
import { latest, list, one } from './lists.js';

const holder = () => h('ol', { class: 'messages newest' });

function draw(email) {
	const outcome = h('span', { role: 'status' });
	return h('li', { class: 'card message' },
		h('h2', {}, email.email),
		h('p', { class: 'row' },
			h('a', {
				class: 'button main',
				href: email.activation_path,
				'data-control': 'activate',
				onclick: (event) => {
					event.preventDefault();
					activate(email, outcome);
				},
			}, t('emails.activate')),
			copyButton(new URL(email.activation_path, location.origin).href, t('emails.link'), t('copy.of', { what: t('emails.link') })),
			outcome),
		h('p', { class: 'quiet' }, link(`/emails/${email.id}`, clockTime(email.sent_at), { 'data-control': 'one' }), ' · ', ago(email.sent_at)),
		h('p', { class: 'links' },
			link(`/emails/latest${query({ email: email.email })}`, t('emails.only'), { 'data-control': 'only' }),
			link(`/requests${query({ request_id: email.request_id })}`, t('request'), { 'data-control': 'request' })));
}

// activate does what a person does who follows the link, and stays on the page.
async function activate(email, outcome) {
	try {
		const envelope = await (await fetch(email.activation_path, { cache: 'no-store' })).json();
		outcome.textContent = envelope.code === '000' ? t('emails.done') : `${envelope.code} ${envelope.msg}`;
	} catch (failure) {
		outcome.textContent = explain(failure);
	}
}

export const emailList = ({ params, go }) => list({
	title: t('emails.title'),
	on: ['email'],
	path: '/emails',
	name: 'emails',
	filters: ['email'],
	controls: [field(t('email'), input('email', params.get('email'), { inputmode: 'email' }))],
	holder: holder(),
	draw,
	none: 'emails.none',
	noneMatch: 'emails.none.match',
	params,
	go,
});

export function latestEmail({ params }) {
	const email = params.get('email');
	return latest({
		title: email ? t('emails.latest.of', { email }) : t('emails.latest'),
		on: ['email'],
		back: ['/emails', t('emails.all')],
		path: '/emails',
		name: 'emails',
		wanted: { email },
		holder: holder(),
		draw,
		none: 'emails.none.match',
	});
}

export const oneEmail = ({ id }) => one({
	title: t('emails.one', { id }),
	back: ['/emails', t('emails.all')],
	path: `/emails/${id}`,
	holder: holder(),
	draw,
});
