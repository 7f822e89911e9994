'use strict';
/*
 * Tabs of one window, over DevTools alone. playwright-core keeps every page visible, and what is visible is not frozen.
 */
const { Devtools } = require('./remote/devtools');
const { startChromium } = require('./remote/chromium');
const { until } = require('./lib');

class Tab {
  static async open(browser, url) {
    const self = new Tab();
    self.browser = browser;
    self.uncaught = [];
    self.targetId = (await browser.devtools.send('Target.createTarget', { url: 'about:blank' })).targetId;
    self.sessionId = (await browser.devtools.send('Target.attachToTarget', { targetId: self.targetId, flatten: true })).sessionId;
    browser.tabs.set(self.sessionId, self);
    await self.send('Runtime.enable');
    await self.go(url);
    return self;
  }

  send(method, params) { return this.browser.devtools.send(method, params, this.sessionId); }

  async evaluate(work, ...args) {
    const expression = '(' + work + ')(...' + JSON.stringify(args) + ')';
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description || exceptionDetails.text);
    return result.value;
  }

  /* While a page is being left there may be nobody who answers. */
  at(url) { return until(() => this.evaluate((there) => location.href === there && document.readyState === 'complete', url).catch(() => false), 'the page ' + url); }

  async go(url) {
    await this.send('Page.navigate', { url });
    await this.at(url);
  }

  async back(url) {
    const { currentIndex, entries } = await this.send('Page.getNavigationHistory');
    await this.send('Page.navigateToHistoryEntry', { entryId: entries[currentIndex - 1].id });
    await this.at(url);
  }

  async show() {
    await this.browser.devtools.send('Target.activateTarget', { targetId: this.targetId });
    await until(() => this.evaluate(() => document.visibilityState === 'visible'), 'the tab to be visible');
  }

  /* Another tab covers it. */
  async hide() {
    await this.browser.cover();
    await until(() => this.evaluate(() => document.visibilityState === 'hidden'), 'the tab to be hidden');
  }

  freeze() { return this.send('Page.setWebLifecycleState', { state: 'frozen' }); }

  resume() { return this.send('Page.setWebLifecycleState', { state: 'active' }); }
}

/* { open(url), stop() }: a browser with one window. */
async function startBrowser() {
  const { devtools: address, stop } = await startChromium();
  const devtools = await Devtools.connect(address);
  const browser = { devtools, tabs: new Map(), stop };
  devtools.events = ({ method, params, sessionId }) => {
    const tab = browser.tabs.get(sessionId);
    if (tab && method === 'Runtime.exceptionThrown') tab.uncaught.push(params.exceptionDetails.text);
  };
  const { targetId } = await devtools.send('Target.createTarget', { url: 'about:blank' });
  browser.cover = () => devtools.send('Target.activateTarget', { targetId });
  browser.open = async (url) => {
    const tab = await Tab.open(browser, url);
    await tab.show();
    return tab;
  };
  return browser;
}

module.exports = { startBrowser };
