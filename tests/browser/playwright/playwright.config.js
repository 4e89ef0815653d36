// Two workers run the suite at once, each in a space of its own, against one sandbox: SANDBOX says where it is.
const { defineConfig } = require('@playwright/test');

module.exports = defineConfig({
	testDir: __dirname,
	outputDir: process.env.RESULTS,
	reporter: 'list',
	workers: 2,
	fullyParallel: true,
	timeout: 30_000,
	use: {
		launchOptions: { executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] },
	},
	projects: [
		{ name: 'one', use: { space: `${process.env.SANDBOX}/spaces/playwright-1` } },
		{ name: 'two', use: { space: `${process.env.SANDBOX}/spaces/playwright-2` } },
	],
});
