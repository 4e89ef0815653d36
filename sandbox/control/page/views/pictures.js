// Pictures that can still be answered.

import { call } from '../api.js';
import { ago, copyButton, h, keyed, left } from '../dom.js';
import { t } from '../i18n.js';

const most = 50;

const draw = (picture) => h('li', { class: 'card message' },
	h('p', { class: 'headline' },
		h('span', { class: 'code' }, picture.answer),
		copyButton(picture.answer, t('pictures.answer', { code: picture.answer }))),
	h('h2', {}, picture.img_code_id),
	h('p', { class: 'quiet' }, ago(picture.issued_at), ' · ', left(picture.expires_at, 'pictures.left')));

export function pictureList() {
	const holder = h('ol', { class: 'messages newest' });
	const empty = h('p', { class: 'empty' }, t('pictures.none'));
	return {
		title: t('pictures.title'),
		note: t('pictures.note'),
		on: ['request', 'clock'],
		every: 5000, // they expire, which is no event
		body: [empty, holder],
		async load() {
			const { pictures } = await call('GET', `/pictures?limit=${most}`);
			keyed(holder, pictures, (picture) => picture.img_code_id, draw);
			empty.hidden = pictures.length > 0;
			holder.hidden = pictures.length === 0;
		},
	};
}
