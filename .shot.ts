import { chromium } from 'playwright-core'
const [,, base, hash, width, theme, out, height='860'] = process.argv
const b = await chromium.launch({executablePath:'/usr/lib/chromium/chromium', ignoreDefaultArgs:['--hide-scrollbars']})
const c = await b.newContext({viewport:{width:+width,height:+height},colorScheme:theme as any,reducedMotion:'reduce',locale:'en-GB',timezoneId:'UTC'})
const p = await c.newPage()
p.on('console', m=>console.log(m.type(), m.text())); p.on('pageerror', e=>console.log('ERR', e.message))
await p.goto(base+'/'+hash); await p.waitForTimeout(1200)
await p.screenshot({path:out, fullPage: process.env.FULL==='1'}); 
console.log(await p.evaluate('document.documentElement.scrollWidth-innerWidth'))
if (process.env.TREE) console.log(await p.locator('body').ariaSnapshot())
await b.close()
