// The sandbox's control API: one call, and the stream of events.

// base is what comes before every path of this space: '' or '/spaces/NAME'.
export const base = /^\/spaces\/[a-z0-9-]{1,32}(?=\/|$)/.exec(location.pathname)?.[0] ?? '';

// Failure is an answer of the sandbox that says no. Its message is the sandbox's.
export class Failure extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

// call asks the control API of this space, and of the space without a name with {root: true}.
export async function call(method, path, body, { root = false } = {}) {
	const options = { method, cache: 'no-store' };
	if (body !== undefined) {
		options.headers = { 'Content-Type': 'application/json' };
		options.body = JSON.stringify(body);
	}
	const response = await fetch(`${root ? '' : base}/_sandbox${path}`, options);
	if (response.status === 204) return null;
	const answer = await response.json();
	if (!response.ok) throw new Failure(response.status, answer.msg);
	return answer;
}

// query makes a query string of what is not empty.
export function query(values) {
	const kept = Object.entries(values).filter(([, value]) => value !== '' && value != null);
	return kept.length ? `?${new URLSearchParams(kept)}` : '';
}

// The sandbox's clock, as far ahead of the browser's as it was when it was read last.
let ahead = 0;

export const now = () => Date.now() + ahead;

export async function readClock() {
	const clock = await call('GET', '/clock');
	ahead = Date.parse(clock.now) - Date.now();
	return clock;
}

// The sandbox sends at least a comment every 15 seconds.
const silence = 30_000;
const retry = 2_000;

// listen keeps a stream of events open: onState is told opening, live or broken, and onEvent the type and data of each
// event. A page that nobody sees gives its connection back, because a browser has only six for a host. It is not
// EventSource, which does not show comments and so cannot tell that a stream has died silently.
export function listen({ onState, onEvent }) {
	let lastId = '';
	let stop = new AbortController();
	let wake = () => {};

	async function once() {
		stop = new AbortController();
		let timer;
		const alive = () => {
			clearTimeout(timer);
			timer = setTimeout(() => stop.abort(), silence);
		};
		try {
			alive();
			const headers = lastId ? { 'Last-Event-ID': lastId } : {};
			const response = await fetch(`${base}/_sandbox/events`, { headers, cache: 'no-store', signal: stop.signal });
			if (!response.ok) return;
			onState('live');
			const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
			const parse = parser();
			for (;;) {
				const { done, value } = await reader.read();
				if (done) return;
				alive();
				for (const event of parse(value)) {
					lastId = event.id || lastId;
					if (event.type) onEvent(event.type, JSON.parse(event.data));
				}
			}
		} finally {
			clearTimeout(timer);
		}
	}

	async function forever() {
		for (;;) {
			if (document.hidden) await new Promise((resolve) => { wake = resolve; });
			onState('opening');
			await once().catch(() => {});
			if (document.hidden) continue;
			onState('broken');
			await new Promise((resolve) => { wake = resolve; setTimeout(resolve, retry); });
		}
	}

	document.addEventListener('visibilitychange', () => (document.hidden ? stop.abort() : wake()));
	forever();
	return { retry: () => wake() };
}

// parser returns a function that takes the text of a stream piece by piece and returns the events that are whole.
function parser() {
	let rest = '';
	return (text) => {
		const blocks = (rest + text).split('\n\n');
		rest = blocks.pop();
		return blocks.map(parseEvent);
	};
}

function parseEvent(block) {
	const event = { id: '', type: '', data: '' };
	for (const line of block.split('\n')) {
		const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
		if (name) event[name === 'event' ? 'type' : name] = value;
	}
	return event;
}
