// What the user chose, kept in this browser.

const KEY = 'moodstream-settings';
/** attention: seconds; confidence: 0 to 1; smoothing: seconds or null for the server's; key: whether M drops markers. */
const DEFAULTS = { attention: 30, confidence: 0, smoothing: null, key: true, view: 'individual', range: 300 };

export class Settings extends EventTarget {
  values = { ...DEFAULTS };

  constructor(storage = globalThis.localStorage) {
    super();
    this.storage = storage;
    try {
      Object.assign(this.values, JSON.parse(storage.getItem(KEY) ?? '{}'));
    } catch (error) {
      console.warn('the kept settings cannot be read, the defaults are taken', error);
    }
  }

  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    try {
      this.storage.setItem(KEY, JSON.stringify(this.values));
    } catch (error) {
      console.warn('this browser does not keep settings', error);
    }
    this.dispatchEvent(new CustomEvent('change', { detail: { name, value } }));
  }

  /** Tie the controls marked data-set and data-out to the values. */
  bind(root) {
    const words = {
      attention: (value) => `${value} s`,
      confidence: (value) => (value ? `${Math.round(value * 100)} %` : 'as the model decides'),
    };
    for (const control of root.querySelectorAll('[data-set]')) {
      const name = control.dataset.set;
      const output = root.querySelector(`[data-out="${name}"]`);
      const show = () => {
        if (control.type === 'checkbox') control.checked = this.values[name];
        else control.value = this.values[name] ?? '';
        if (output) output.textContent = words[name](this.values[name]);
      };
      control.addEventListener('input', () => {
        if (control.type === 'checkbox') this.set(name, control.checked);
        else this.set(name, control.value === '' ? null : Number(control.value));
        show();
      });
      show();
    }
  }
}
