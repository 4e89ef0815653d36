// How tests in another language use the sandbox: the phone number alone says what goes wrong, a long-poll hands over the
// SMS, and each worker has a space of its own.
const { test: base, expect } = require('@playwright/test');
const { serve } = require('./login-page.js');

const mobile = '13900001111'; // the same in every space

// A person at the login page of a team whose platform is one space.
class Person {
	constructor(page, space) {
		this.page = page;
		this.space = space;
	}

	async control(method, path, body) {
		const response = await fetch(`${this.space}/_sandbox${path}`, {
			method,
			headers: { 'Content-Type': 'application/json' },
			body: body && JSON.stringify(body),
		});
		expect(response.status, path).toBeLessThan(300);
		return response.status === 204 ? null : response.json();
	}

	// nextSMS calls the action, and returns the SMS that it brought about; null if none came in time.
	async nextSMS(mobile, wait, action) {
		const { last_id: after } = await this.control('GET', '/sms?limit=1');
		const query = new URLSearchParams({ mobile, after, wait });
		const [{ sms }] = await Promise.all([this.control('GET', `/sms?${query}`), action()]);
		return sms[0] ?? null;
	}

	async askForCode(mobile) {
		const picture = this.page.getByAltText('picture');
		await expect(picture).toHaveAttribute('data-id', /.+/);
		const { answer } = await this.control('GET', `/pictures/${await picture.getAttribute('data-id')}`);
		await this.page.getByLabel('Phone number').fill(mobile);
		await this.page.getByLabel('Characters in the picture').fill(answer);
		await this.page.getByRole('button', { name: 'Send code' }).click();
		await expect(this.page.getByRole('status')).not.toBeEmpty();
	}

	async logIn(code) {
		await this.page.getByLabel('Code', { exact: true }).fill(code);
		await this.page.getByRole('button', { name: 'Log in' }).click();
	}

	async sees(text) {
		await expect(this.page.getByRole('status')).toContainText(text);
	}
}

const test = base.extend({
	space: ['', { option: true }],
	// newPerson opens the login page on a space.
	newPerson: async ({ browser }, use) => {
		const opened = [];
		await use(async (space) => {
			const server = await serve(space);
			const context = await browser.newContext();
			opened.push(server, context);
			const page = await context.newPage();
			await page.goto(server.url);
			return new Person(page, space);
		});
		for (const one of opened.reverse()) await one.close();
	},
	person: async ({ newPerson, space }, use) => use(await newPerson(space)),
});

// Each test has phones of its own within the space, so that they can run at the same time.

test('a person logs in with the code of an SMS', async ({ person }) => {
	const { open_id } = await person.control('POST', '/accounts', { mobile });
	const sms = await person.nextSMS(mobile, '10s', () => person.askForCode(mobile));
	await person.sees('Sent.');
	await person.logIn(sms.code);
	await person.sees(`Welcome, ${open_id}`);
});

test('19900000001: the phone got an SMS just now', async ({ person }) => {
	const sms = await person.nextSMS('19900000001', '500ms', () => person.askForCode('19900000001'));
	await person.sees('429001');
	expect(sms).toBeNull();
});

test('19900000002: the code is wrong, whatever it is', async ({ person }) => {
	await person.control('POST', '/accounts', { mobile: '19900000002' });
	const sms = await person.nextSMS('19900000002', '10s', () => person.askForCode('19900000002'));
	await person.logIn(sms.code);
	await person.sees('400104');
});

test('19900000003: the answer is lost, but the SMS comes', async ({ person }) => {
	const { open_id } = await person.control('POST', '/accounts', { mobile: '19900000003' });
	const sms = await person.nextSMS('19900000003', '10s', () => person.askForCode('19900000003'));
	await person.sees('If an SMS comes, use its code.');
	await person.logIn(sms.code);
	await person.sees(`Welcome, ${open_id}`);
});

test('19900000004: no answer, and no SMS', async ({ person }) => {
	const sms = await person.nextSMS('19900000004', '3s', () => person.askForCode('19900000004'));
	await person.sees('The platform does not answer.');
	expect(sms).toBeNull();
});

test('19900000005: an HTML page in place of JSON', async ({ person }) => {
	const sms = await person.nextSMS('19900000005', '500ms', () => person.askForCode('19900000005'));
	await person.sees('Something went wrong on the way.');
	expect(sms).toBeNull();
});

test('19900000006: the code is known beforehand', async ({ person }) => {
	const { open_id } = await person.control('POST', '/accounts', { mobile: '19900000006' });
	await person.askForCode('19900000006');
	await person.sees('Sent.');
	await person.logIn('8888');
	await person.sees(`Welcome, ${open_id}`);
});

test('two people with one phone number, at once, in two spaces', async ({ newPerson, space }) => {
	const people = await Promise.all([newPerson(`${space}-a`), newPerson(`${space}-b`)]);
	const logIn = async (person) => {
		const { open_id } = await person.control('POST', '/accounts', { mobile });
		const sms = await person.nextSMS(mobile, '10s', () => person.askForCode(mobile));
		await person.logIn(sms.code);
		await person.sees(`Welcome, ${open_id}`);
		const all = await person.control('GET', '/sms');
		expect(all.sms).toEqual([sms]);
		return sms.request_id;
	};
	const [one, other] = await Promise.all(people.map(logIn));
	expect(one).not.toBe(other);
});
